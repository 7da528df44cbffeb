import { anyOf, method, type Probe, quoted } from './probes.ts'

// Few folders only where more of the line is looked at behind them.
const fewFolders = String.raw`(?:\/[^ "?\/]*){0,4}\/`
const restOfRequest = `(?:[ ?]${quoted})?`
const gone = '(?:404|410)'

/**
 * Requests that count by their answer. What may be there and in use (WordPress, phpMyAdmin) counts only where it is not. A
 * missing page may be a broken link, so it takes fifty different ones in an hour. What a page embeds and what browsers and
 * robots ask for by themselves (images, styles, favicon.ico, robots.txt) is nothing at all.
 */
export const refusedRequests: readonly Probe[] = [
  {
    name: 'missing-application',
    weight: 25,
    request: `${method}${fewFolders}${anyOf(
      String.raw`(?:wp-login|xmlrpc|wlwmanifest|phpinfo|adminer|configuration)\.(?:php|xml)`,
      'wp-admin',
      String.raw`wp-(?:includes|content\/(?:plugins|uploads|themes))\/[^ "?]*\.php`,
      '(?:phpmyadmin|phppgadmin|mysqladmin|myadmin|dbadmin|pma)[^ "?/]*',
      '(?:cgi-bin|actuator|solr|jenkins|jmx-console|nacos|geoserver|_profiler|owa|ecp)',
      String.raw`(?:manager\/(?:html|text|status)|telescope\/requests|druid\/(?:index|login)\.html)`,
      String.raw`administrator\/index\.php`,
      String.raw`\.(?:git|svn|hg|vscode|idea|ds_store)`,
      'server-(?:status|info)',
      String.raw`sftp(?:-config)?\.json`,
      String.raw`(?:backup|dump|database|db|mysql|site|www|wwwroot|web)\.(?:sql|zip|rar|7z|bak|tar|tgz|sql\.gz|tar\.gz)`,
    )}`,
    // 444 is nginx's for closing without a word.
    answered: { rest: `(?:[\\/ ?]${quoted})?`, status: '(?:400|404|405|410|444)' },
    match: [
      ['GET /wp-login.php HTTP/1.1', 404],
      ['POST /blog/xmlrpc.php HTTP/1.1', 405],
      ['GET /phpMyAdmin-4.8/index.php HTTP/1.1', 404],
      ['GET /actuator/health HTTP/1.1', 404],
      ['GET /manager/html HTTP/1.1', 444],
      ['GET /backup.sql.gz HTTP/1.1', 404],
    ],
    miss: [
      ['GET /wp-login.php HTTP/1.1', 200],
      ['GET /wp-content/uploads/2026/11/photo.jpg HTTP/1.1', 404],
      ['GET /phpmyadmin/ HTTP/1.1', 401],
    ],
  },
  {
    // WordPress answers a wrong password with its form again, and a right one by sending on (302).
    name: 'wordpress-password',
    weight: 20,
    request: String.raw`post [^ "?]*\/wp-login\.php http\/[\d.]+`,
    answered: { rest: '', status: '(?:200|403)' },
    match: [
      ['POST /wp-login.php HTTP/1.1', 200],
      ['POST /blog/wp-login.php HTTP/2.0', 200],
    ],
    miss: [
      ['POST /wp-login.php HTTP/1.1', 302],
      ['POST /wp-login.php?action=lostpassword HTTP/1.1', 200],
      ['GET /wp-login.php HTTP/1.1', 200],
    ],
  },
  {
    // Passwords are tried here too, but Jetpack and the WordPress app are its honest users.
    name: 'wordpress-xmlrpc',
    weight: 2,
    request: String.raw`post [^ "?]*\/xmlrpc\.php http\/[\d.]+`,
    answered: { rest: '', status: '(?:200|403)' },
    match: [['POST /xmlrpc.php HTTP/1.1', 200]],
    miss: [
      ['GET /xmlrpc.php HTTP/1.1', 200],
      ['POST /xmlrpc.php?for=jetpack HTTP/1.1', 200],
    ],
  },
  {
    name: 'proxy-probe',
    weight: 25,
    request: String.raw`(?:connect |[a-z]+ https?:\/\/)`,
    answered: { rest: quoted, status: String.raw`4\d\d` },
    match: [
      ['CONNECT 198.51.100.1:443 HTTP/1.1', 400],
      ['GET http://198.51.100.1/judge.php HTTP/1.1', 404],
    ],
    miss: [
      ['GET http://www.example.org/ HTTP/1.1', 200],
      ['GET /?u=http://198.51.100.1/ HTTP/1.1', 404],
    ],
  },
  {
    name: 'missing-script',
    weight: 5,
    distinct: 'path',
    request: `${method}${String.raw`(?<path>[^ "?]*\.(?:php\d?|phtml|aspx?|ashx|asmx|jspx?|cgi|pl|cfm|exe|dll|sh|do|action|sql|bak|old|swp|zip|rar|7z|tar|gz|tgz|ya?ml|ini|conf|log))`}`,
    answered: { rest: restOfRequest, status: gone },
    match: [
      ['GET /alfa.php HTTP/1.1', 404],
      ['POST /upload/shell.jsp?x=1 HTTP/1.1', 404],
    ],
    miss: [
      ['GET /index.php HTTP/1.1', 200],
      ['GET /logo.php.png HTTP/1.1', 404],
    ],
  },
  {
    name: 'missing-page',
    weight: 2,
    distinct: 'path',
    request: `${method}${String.raw`(?<path>[^ "?]*\/[^ "?\/.]*(?:\.html?)?)`}`,
    answered: { rest: restOfRequest, status: gone },
    match: [
      ['GET /no/such/page HTTP/1.1', 404],
      ['GET /old.html HTTP/1.1', 410],
    ],
    miss: [
      ['GET /favicon.ico HTTP/1.1', 404],
      ['GET /apple-touch-icon-precomposed.png HTTP/1.1', 404],
      ['GET /robots.txt HTTP/1.1', 404],
      ['GET /.well-known/security.txt HTTP/1.1', 404],
      ['GET /assets/app.js.map HTTP/1.1', 404],
      ['GET /page HTTP/1.1', 200],
    ],
  },
  {
    name: 'forbidden-page',
    weight: 2,
    distinct: 'path',
    request: `${method}${String.raw`(?<path>[^ "?]*\/[^ "?\/.]*(?:\.(?:html?|php))?)`}`,
    answered: { rest: restOfRequest, status: '403' },
    match: [['GET /private/ HTTP/1.1', 403]],
    miss: [
      ['GET /private/photo.jpg HTTP/1.1', 403],
      ['GET /private/ HTTP/1.1', 200],
    ],
  },
]
