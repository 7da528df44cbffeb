import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { gzipSync } from 'node:zlib'
import ipaddr from 'ipaddr.js'
import { generateLog } from '../../bench/logs/log.ts'
import { exitStatus } from '../../src/base/exit-status.ts'
import { log2table } from './session.ts'

const DAY_MS = 86_400_000
const START = Date.UTC(2026, 6, 1)
const DAYS = 75
const LINES = 30_000
const SEED = Number(process.env.SEED ?? 7)

interface Ban {
  readonly kind: string
  readonly at: string
  readonly address: string
  readonly table: string
  readonly rule: string
  readonly until: string | null
}

const scene = { folder: '', logs: [] as string[], text: '' }

/** Two and a half months of both kinds of log, rotated twice, the older parts compressed. */
before(() => {
  scene.folder = mkdtempSync(join(tmpdir(), 'log2table-against-'))
  for (const [kind, name] of [
    ['auth', 'auth.log'],
    ['access', 'access.log'],
  ] as const) {
    const text = [...generateLog({ kind, lines: LINES, seed: SEED, startAt: START, days: DAYS })].join('')
    const lines = text.split('\n').slice(0, -1)
    const third = Math.ceil(lines.length / 3)
    for (const [part, suffix] of ['.2.gz', '.1.gz', ''].entries()) {
      const path = join(scene.folder, name + suffix)
      const piece = `${lines.slice(part * third, (part + 1) * third).join('\n')}\n`
      writeFileSync(path, suffix === '' ? piece : gzipSync(piece))
      // Dates of syslog have no year: they are understood by when the file was last written.
      const writtenAt = (START + ((part + 1) / 3) * DAYS * DAY_MS) / 1000
      utimesSync(path, writtenAt, writtenAt)
      scene.logs.push(path)
    }
    scene.text += text
  }
  configuration('now', 'threshold: 100', 'threshold: 100')
  configuration('new', "threshold: 60, window: '20m', ban: ['10m', '3d']", 'threshold: 130')
})
after(() => rmSync(scene.folder, { recursive: true }))

function configuration(name: string, ssh: string, web: string): void {
  mkdirSync(join(scene.folder, name), { mode: 0o755 })
  writeFileSync(
    join(scene.folder, name, 'parameters.ts'),
    `import { Hackers, dryRun, parameters } from 'log2table'
import { apache, sshd } from 'log2table/patterns'
export default parameters({
  tables: { bad_ip: dryRun(), bad_web: dryRun() },
  rules: { hackers: new Hackers({ table: 'bad_ip', ${ssh} }), web: new Hackers({ table: 'bad_web', ${web} }) },
  logs: {
    '/var/log/auth.log': { hackers: sshd },
    '/var/log/access.log': { web: apache },
  },
})
`,
    { mode: 0o644 },
  )
}

async function run(...options: readonly string[]) {
  const seen = await log2table(['replay', ...options, '--json', ...scene.logs])
  assert.equal(seen.status, exitStatus.done, seen.stderr)
  const stdout = seen.stdout.trimEnd().split('\n')
  const stderr = seen.stderr.trimEnd().split('\n')
  return { records: stdout.map((line) => JSON.parse(line)), summary: JSON.parse(stderr.at(-1)!) }
}

const inScene = (name: string) => join(scene.folder, name)

describe('replay --against', () => {
  for (const [one, other] of [
    ['now', 'new'],
    ['new', 'now'],
  ] as const) {
    test(`says of ${one} and ${other} what two separate runs, compared by hand, say`, async (t) => {
      const runs = [await run('--config', inScene(one)), await run('--config', inScene(other))] as const
      const { records, summary } = await run('--config', inScene(one), '--against', inScene(other))
      const expected = compareByHand(runs[0].records, runs[1].records, friendsIn(scene.text))
      const told = records.map(({ change, address, before, after, hasLoggedIn }) =>
        [change, address, before?.at ?? '-', after?.at ?? '-', hasLoggedIn].join(' '),
      )
      assert.deepEqual(told.toSorted(), expected.lines.toSorted())
      const { gained, lost, earlier, later, same, before, after } = summary
      t.diagnostic(JSON.stringify({ gained, lost, earlier, later, same }))
      assert.deepEqual({ gained, lost, earlier, later, same }, expected.counts)
      assert.ok(gained > 0 && lost > 0 && earlier + later > 0 && same > 0)
      for (const [index, side] of [before, after].entries()) {
        const all = runs[index]!.records
        assert.equal(side.bans, all.filter(isBan).length)
        assert.deepEqual(side.falsePositives.toSorted(), expected.mistakes(all))
        assert.ok(side.falsePositives.length > 0)
      }
    })
  }

  test('finds nothing to say of a configuration and itself', async () => {
    const seen = await log2table(['replay', '--config', inScene('now'), '--against', inScene('now'), ...scene.logs])
    assert.equal(seen.stdout, '')
    assert.match(seen.stderr, /^bans: 0 gained, 0 lost, 0 earlier, 0 later, [\d,]+ the same\nbefore: [\d,]+ bans of/)
  })

  test('is a table for people, and a bar on a terminal while it takes long', async () => {
    const piped = await log2table(['replay', '--config', inScene('now'), '--against', inScene('new'), ...scene.logs])
    assert.match(
      piped.stdout,
      /^(?:(?:gained|lost|(?:earlier|later) by \w+)\t[\da-f.:/]+\t\S+\t\S+\t(?:logged in|-)\t\w+ \d+ points: .+\n)+$/,
    )
    assert.doesNotMatch(piped.stderr, /%/)
    const terminal = { width: 200 }
    const shown = await log2table(['replay', '--config', inScene('now'), '--against', inScene('new'), ...scene.logs], {
      terminal,
    })
    assert.match(shown.stdout, /^CHANGE +ADDRESS +BEFORE +AFTER +LOGIN +WHY\n/)
  })
})

const isBan = ({ kind }: Ban) => kind === 'ban'

/** Of whom a line of sshd's says that they were let in. */
function friendsIn(text: string): ReadonlySet<string> {
  const addresses = [...text.matchAll(/: Accepted \S+ for \S+ from (\S+) port/g)].map(([, address]) => ipaddr.parse(address!))
  // An address of IPv6 is banned with all of its /64.
  return new Set(
    addresses.map((one) =>
      one instanceof ipaddr.IPv6
        ? `${new ipaddr.IPv6([...one.parts.slice(0, 4), 0, 0, 0, 0]).toRFC5952String()}/64`
        : String(one),
    ),
  )
}

/** Bans of one address by both sides, from the first on: each takes the first of the other side that it lies across. */
function compareByHand(now: readonly Ban[], other: readonly Ban[], friends: ReadonlySet<string>) {
  const counts = { gained: 0, lost: 0, earlier: 0, later: 0, same: 0 }
  const lines: string[] = []
  const spans = (all: readonly Ban[]) =>
    all.flatMap((ban, index) => {
      if (!isBan(ban)) return []
      const lifted = all
        .slice(index)
        .find((one) => one.kind === 'unban' && one.address === ban.address && one.rule === ban.rule && one.table === ban.table)
      const planned = ban.until === null ? Number.MAX_VALUE : Date.parse(ban.until)
      return [
        {
          address: ban.address,
          at: ban.at,
          from: Date.parse(ban.at),
          to: Math.min(planned, Date.parse(lifted?.at ?? '9999-01-01T00:00:00Z')),
          isTaken: false,
        },
      ]
    })
  const rest = spans(other)
  const tell = (change: keyof typeof counts, address: string, before: string, after: string) => {
    counts[change]++
    if (change !== 'same') lines.push([change, address, before, after, friends.has(address)].join(' '))
  }
  for (const { address, at, from, to } of spans(now)) {
    const partner = rest.find(
      (one) =>
        !one.isTaken && one.address === address && ((one.from >= from && one.from < to) || (from >= one.from && from < one.to)),
    )
    if (!partner) tell('lost', address, at, '-')
    else {
      partner.isTaken = true
      tell(partner.from < from ? 'earlier' : partner.from > from ? 'later' : 'same', address, at, partner.at)
    }
  }
  for (const { address, at, isTaken } of rest) if (!isTaken) tell('gained', address, '-', at)
  const mistakes = (all: readonly Ban[]) =>
    [...new Set(all.filter(isBan).map(({ address }) => address))].filter((address) => friends.has(address)).sort()
  return { counts, lines, mistakes }
}
