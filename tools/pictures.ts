// Makes docs/pictures: a daemon at work on a scene of lines, `log2table top` in a terminal, and the report of its history.
// Everything on them is what the programs printed. `make pictures` calls it; needs what tools/programs and tools/chromium unpack.
import { execFileSync } from 'node:child_process'
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { formatAddress, networkOf } from '../src/base/address.ts'
import { dayOf } from '../src/base/listings.ts'
import { DAY_MS, FOR_LIFE, HOUR_MS } from '../src/base/units.ts'
import type { Change } from '../src/core/model.ts'
import { openSqlite } from '../src/store/sqlite.ts'
import { type Random, randomFrom } from '../test/lib/chaos-random.ts'
import { createEnclosure } from '../test/lib/enclosure.ts'
import { program } from '../test/lib/programs.ts'
import { AS_ROOT, Running } from '../test/lib/running.ts'
import { openTerminal } from '../test/lib/terminal.ts'
import { terminalSvg } from './terminal-svg.ts'

const SEED = 2017
const COLUMNS = 110
const ROWS = 32
const PLAY_MS = 14_000
const STEP_MS = 250
const PAGE = { width: 960, height: 1180 } as const

const root = resolve(import.meta.dirname, '..')
const pictures = join(root, 'docs/pictures')
const main = [process.execPath, '--disable-warning=ExperimentalWarning', join(root, 'src/cli/main.ts')]

// A test, so that what helps tests can be used, and is put away afterwards.
test('pictures', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'log2table-pictures-'))
  t.after(() => rmSync(folder, { recursive: true, force: true }))
  mkdirSync(join(folder, 'etc'))
  mkdirSync(join(folder, 'state'))
  const socket = join(folder, 'control.sock')
  const random = randomFrom(SEED)
  writeFileSync(join(folder, 'etc/parameters.ts'), parametersText(folder, socket), { mode: 0o644 })
  const store = openSqlite(join(folder, 'state/state.db'))
  store.commit(pastOf(random, Date.now()))
  store.close()

  const enclosure = await createEnclosure(t, [['-t', 'tmpfs', 'logs', '/var/log']])
  const asHost = ['unshare', '--uts', 'sh', '-c', 'echo fw1 >/proc/sys/kernel/hostname; exec "$@"', 'sh']
  const inside = (...args: readonly string[]) => enclosure.inside([...asHost, ...main, ...args])
  const logs = enclosure.pathOf('/var/log')
  mkdirSync(join(logs, 'nginx'))
  const play = scene(random, {
    auth: (line) => appendFileSync(join(logs, 'auth.log'), `${line}\n`),
    web: (line) => appendFileSync(join(logs, 'nginx/access.log'), `${line}\n`),
  })
  play()
  const env = { ...AS_ROOT, PATH: `${resolve(program('nft'), '..')}:${process.env.PATH}`, LOG2TABLE_SOCKET: socket, TZ: 'UTC' }
  const daemon = new Running(inside('run', '--config', join(folder, 'etc')), { env })
  t.after(() => {
    daemon.signal('SIGTERM')
    return daemon.end()
  })
  await daemon.line(/^running /, { withinMs: 20_000 })
  const terminal = await openTerminal(t, { argv: inside('top'), env, columns: COLUMNS, rows: ROWS })
  for (let ms = 0; ms < PLAY_MS; ms += STEP_MS) {
    play()
    await sleep(STEP_MS)
  }
  mkdirSync(pictures, { recursive: true })
  writeFileSync(
    join(pictures, 'top.svg'),
    terminalSvg(await terminal.styledScreen(), { columns: COLUMNS, title: 'log2table top' }),
  )

  const page = join(folder, 'report.html')
  const [command = '', ...args] = inside('report', '--html')
  writeFileSync(page, execFileSync(command, args, { env: { ...process.env, ...env } }))
  photograph(page, join(pictures, 'report.png'), join(folder, 'chromium'))
})

function photograph(page: string, picture: string, profile: string): void {
  execFileSync(
    join(root, '.tools/chromium/run'),
    [
      ...['--headless', '--no-sandbox', '--disable-gpu', '--hide-scrollbars', `--user-data-dir=${profile}`],
      ...[`--window-size=${PAGE.width},${PAGE.height}`, `--screenshot=${picture}`, `file://${page}`],
    ],
    { stdio: 'ignore', timeout: 60_000 },
  )
  if (readFileSync(picture).length === 0) throw new Error(`${picture} is empty`)
}

function parametersText(folder: string, socket: string): string {
  return `import { Hackers, nftables, parameters } from 'log2table'
import { httpd, sshd } from 'log2table/patterns'

export default parameters({
  stateFolder: '${folder}/state',
  control: '${socket}',
  tables: { bad_ip: nftables(), blockips: nftables() },
  rules: { hackers: new Hackers({ table: 'bad_ip', ban: ['1h', '1d', '7d'], forLife: { table: 'blockips' } }) },
  logs: {
    '/var/log/auth.log': { hackers: sshd },
    '/var/log/nginx/access.log': { hackers: httpd },
  },
})
`
}

interface Logs {
  readonly auth: (line: string) => void
  readonly web: (line: string) => void
}

/** Each call writes what comes in within a step: many visitors, some who guess, and some who look for what is not theirs. */
function scene(random: Random, { auth, web }: Logs): () => void {
  const guessers = [45, 77, 9, 61, 23, 118, 30, 202, 16, 91, 140, 201, 55, 62, 170].map((last) => `203.0.113.${last}`)
  const seekers = ['198.51.100.201', '2001:db8:bad:1::17', '192.0.2.187', '198.51.100.140']
  const users = ['root', 'admin', 'oracle', 'deploy', 'git', 'postgres']
  const paths = ['/wp-login.php', '/.env', '/phpmyadmin/', '/.git/config', '/cgi-bin/luci']
  let pid = 4_000
  const one = <T>(list: readonly T[]) => list[Math.floor(random() * list.length)]!
  const visitor = () => `192.0.2.${1 + Math.floor(random() * 250)}`
  return () => {
    const now = new Date()
    const date = now.toISOString()
    const [day = '', month = '', year = ''] = [date.slice(8, 10), now.toLocaleString('en', { month: 'short' }), date.slice(0, 4)]
    const request = (address: string, path: string, status: number) =>
      web(
        `${address} - - [${day}/${month}/${year}:${date.slice(11, 19)} +0000] "GET ${path} HTTP/1.1" ${status} 512 "-" "Mozilla/5.0"`,
      )
    for (let i = 0; i < 60; i++) request(visitor(), `/articles/${Math.floor(random() * 900)}`, 200)
    const sshd = (text: string) => auth(`${date.slice(0, 19)}+00:00 fw1 sshd[${pid++}]: ${text}`)
    for (let i = 0; i < 6; i++) sshd(`Connection closed by ${visitor()} port ${40_000 + pid} [preauth]`)
    if (random() < 0.45)
      sshd(
        `Failed password for ${random() < 0.4 ? 'invalid user ' : ''}${one(users)} from ${one(guessers)} port ${30_000 + pid} ssh2`,
      )
    if (random() < 0.2) request(one(seekers), one(paths), 404)
  }
}

/** Eight weeks of bans, the more the later, with the lines that led to those of the last one. */
function pastOf(random: Random, now: number): readonly Change[] {
  const changes: Change[] = []
  const patterns = [
    'sshd/failed-password',
    'sshd/unknown-user',
    'httpd/missing-application',
    'httpd/secret-file',
    'httpd/exploit',
  ]
  for (let day = 56; day >= 0; day--) {
    const bans = Math.round((40 + (56 - day) * 0.6) * (0.6 + 0.8 * random()))
    for (let n = 0; n < bans; n++) {
      const at = now - day * DAY_MS - Math.floor(random() * DAY_MS) - HOUR_MS
      const net = [0xcb007100, 0xc6336400, 0xc0000200][Math.floor(random() * random() * 3)]!
      const address = net + 1 + Math.floor(random() ** 2 * 250)
      const pattern = patterns[Math.floor(random() ** 1.7 * patterns.length)]!
      const log = pattern.startsWith('sshd') ? '/var/log/auth.log' : '/var/log/nginx/access.log'
      const ban = {
        ...{ id: `${at} hackers bad_ip ${formatAddress(address)} ${n}`, at, network: networkOf(address, 32), table: 'bad_ip' },
        ...{ rule: 'hackers', until: at + [HOUR_MS, DAY_MS, 3 * DAY_MS][n % 3]!, score: 100, reason: `${pattern} in ${log}` },
      }
      changes.push({ kind: 'ban', ban })
      if (ban.until < now) changes.push({ kind: 'unban', id: ban.id, at: ban.until, reason: 'ended' })
      if (day > 7) continue
      for (let line = 0; line < 5; line++) {
        const points = pattern === 'httpd/exploit' ? 50 : 20
        const hit = {
          ...{ at: at - line * 1_000, rule: 'hackers', source: address, address, points, spoofable: false, pattern, log },
          ...{ account: undefined, distinct: undefined, position: 0, line: '' },
        }
        changes.push({ kind: 'hit', hit }, { kind: 'spend', rule: 'hackers', source: address })
      }
    }
    const sizes = { bad_ip: Math.round(bans * 1.35), blockips: 20 + Math.floor((56 - day) / 4) }
    for (const [table, entries] of Object.entries(sizes)) {
      changes.push({ kind: 'snapshot', day: dayOf(now) - day, table, entries, networks: [] })
    }
  }
  for (let n = 1; n <= 34; n++) {
    const at = now - n * 36 * HOUR_MS
    const reason = `${16 + (n % 9)} listings and ${4 + (n % 5)} bans within 90d`
    const ban = { at, network: networkOf(0xc6336400 + 200 + n, 32), table: 'blockips', rule: 'by hand', until: FOR_LIFE }
    changes.push({ kind: 'ban', ban: { ...ban, id: `${at} life ${n}`, score: 0, reason } })
  }
  for (const [n, last] of [17, 45].entries()) {
    const reason = `${17 + n} listings and ${5 + n} bans within 90d`
    const proposal = {
      at: now - (n + 1) * DAY_MS,
      network: networkOf(0xcb007100 + last, 32),
      table: 'blockips',
      rule: 'hackers',
      reason,
    }
    changes.push({ kind: 'proposal', proposal })
  }
  for (let n = 0; n < 3; n++) {
    const refusal = { at: now - n * 2 * DAY_MS, network: networkOf(0xc0000201, 32), table: 'bad_ip', rule: 'hackers', score: 110 }
    changes.push({ kind: 'refused', refusal: { ...refusal, reason: 'logged in within the last 7d' } })
  }
  return changes
}
