import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { formatAddress } from '../base/address.ts'
import { LINE_BYTES_MAX } from '../base/limits.ts'
import { literalScanner } from './literal-scanner.ts'
import { type Feed, type Pattern, patternSet } from './pattern.ts'
import { regexpScanner } from './regexp-scanner.testing.ts'
import type { Match, Scanner } from './scanner.ts'
import { costsIn, scannerOf } from './scanner-of.ts'
import { wasmMachine } from './wasm/machine.ts'
import { plainMachine } from './wasm/plain-machine.ts'

const sshd = patternSet(
  { name: 'sshd', prefix: /^\w{3} [ \d]\d [\d:]{8} \S+ sshd\[(?<session>\d+)\]: (?:message repeated (?<times>\d+) times: \[ )?/ },
  [
    { name: 'failed', regex: /^Failed password for (?<user>.*) from (?<ip>\S+) port \d+ ssh2$/, weight: 20 },
    { name: 'failed-unknown', regex: /^Failed password for invalid user (?<user>.*) from (?<ip>\S+) port \d+ ssh2$/, weight: 25 },
    { name: 'preauth', regex: /^banner exchange failed$/, weight: 5 },
    { name: 'harmless', regex: /^Failed password for monitor from (?<ip>\S+) port \d+ ssh2$/, weight: 0 },
  ],
)

const scanners: Readonly<Record<string, (feeds: readonly Feed[]) => Scanner>> = {
  'in plain RegExp': regexpScanner,
  'by literals': (feeds) => literalScanner(feeds, { machine: wasmMachine() }),
  'by literals, without WebAssembly': (feeds) => literalScanner(feeds, { machine: plainMachine() }),
}

/** What a scanner finds in lines: pattern, address, session, times, parameters. */
function scanWith(scannerOf: (feeds: readonly Feed[]) => Scanner, patterns: readonly Pattern[], lines: readonly string[]) {
  const scanner = scannerOf([{ rule: 'hackers', patterns }])
  const found: string[] = []
  scanner.scan(Buffer.from(lines.map((line) => `${line}\n`).join('')), {
    match: ({ pattern, address, session, times, groups }) => {
      const user = groups.user === undefined ? '' : ` user=${groups.user}`
      found.push(`${pattern.name} ${address === undefined ? '-' : formatAddress(address)} ${session ?? '-'} x${times}${user}`)
    },
    repeated: (start, end, times) => found.push(`repeated ${start}-${end} x${times}`),
  })
  return { found, counts: scanner.counts }
}

/** A group may be named once. */
function firstBackreference(parts: string[]): string[] {
  return parts.filter((part, index) => !part.includes('<q>') || parts.indexOf(part) === index)
}

const head = 'Nov 21 10:00:00 host sshd[77]: '

for (const [name, scannerOf] of Object.entries(scanners))
  describe(`the scanner ${name}`, () => {
    const scan = (patterns: readonly Pattern[], ...lines: string[]) => scanWith(scannerOf, patterns, lines)

    test('finds the address, the session and the parameters of a line', () => {
      assert.deepEqual(scan(sshd, `${head}Failed password for root from 192.0.2.1 port 22 ssh2`).found, [
        'sshd/failed 192.0.2.1 77 x1 user=root',
      ])
    })

    test('of several patterns that match takes the dearest, wherever it stands', () => {
      const line = `${head}Failed password for invalid user bob from 2001:db8::1 port 22 ssh2`
      assert.deepEqual(scan(sshd, line).found, ['sshd/failed-unknown 2001:db8::1 77 x1 user=bob'])
      const dearer = { name: 'own', regex: /bob from (?<ip>\S+)/, weight: 50 }
      assert.deepEqual(scan([...sshd, dearer], line).found, ['own 2001:db8::1 - x1'])
      assert.deepEqual(scan([dearer, ...sshd], line).found, ['own 2001:db8::1 - x1'])
    })

    test('lets a pattern of weight 0 win over all others', () => {
      const line = `${head}Failed password for monitor from 192.0.2.1 port 22 ssh2`
      assert.deepEqual(scan(sshd, line).found, ['sshd/harmless 192.0.2.1 77 x1'])
    })

    test('reads a message that is repeated in brackets as many times', () => {
      const line = `${head}message repeated 3 times: [ Failed password for root from 192.0.2.1 port 22 ssh2]`
      assert.deepEqual(scan(sshd, line).found, ['sshd/failed 192.0.2.1 77 x3 user=root'])
    })

    test('tells of "last message repeated", as OpenBSD and FreeBSD write it', () => {
      assert.deepEqual(scan(sshd, 'Nov 21 10:00:00 host last message repeated 2 times').found, ['repeated 0-50 x2'])
      assert.deepEqual(scan(sshd, 'Nov 21 10:00:00 host syslogd: last message repeated 12 times').found, ['repeated 0-60 x12'])
      assert.deepEqual(scan(sshd, `${head}Invalid user last message repeated 9 times`).found, [])
    })

    test('takes no name, octal or zone for an address, and counts them', () => {
      for (const address of ['example.org', '010.1.2.3', '1.2.3', 'fe80::1%eth0', '192.0.2.1.', '192.0.2.256']) {
        const { found, counts } = scan(sshd, `${head}Failed password for root from ${address} port 22 ssh2`)
        assert.deepEqual(found, [])
        assert.equal(counts.withoutAddress, 1)
      }
    })

    test('does without an address where the set has sessions', () => {
      assert.deepEqual(scan(sshd, `${head}banner exchange failed`).found, ['sshd/preauth - 77 x1'])
    })

    test('reads lines that end in a carriage return', () => {
      assert.equal(scan(sshd, `${head}Failed password for root from 192.0.2.1 port 22 ssh2\r`).found.length, 1)
    })

    test('skips a line over the cap whole', () => {
      const user = 'x'.repeat(LINE_BYTES_MAX)
      const { found, counts } = scan(
        sshd,
        `${head}Failed password for ${user} from 192.0.2.1 port 22 ssh2`,
        `${head}banner exchange failed`,
      )
      assert.deepEqual(found, ['sshd/preauth - 77 x1'])
      assert.equal(counts.overlong, 1)
    })

    test('gives the session as text in the same way', () => {
      const named = patternSet({ name: 'named', prefix: /^id=(?<session>\S+): / }, [{ name: 'any', regex: /^by (?<ip>\S+)$/ }])
      const scanner = scannerOf([{ rule: 'hackers', patterns: named }])
      const sessions: (string | undefined)[] = []
      const match = ({ session }: { session: string | undefined }) => sessions.push(session)
      scanner.scan(Buffer.from('id=\xff\xc3\xa9x: by 192.0.2.1\n', 'latin1'), { match, repeated() {} })
      assert.deepEqual(sessions, ['\ufffd\u00e9x'])
    })

    test('gives parameters as text: UTF-8 where it is, replaced where it is not', () => {
      const bytes = Buffer.concat([
        Buffer.from(`${head}Failed password for jos\u00e9 `),
        Buffer.from([0xff, 0]),
        Buffer.from(' from 192.0.2.1 port 22 ssh2\n'),
      ])
      let user = ''
      scannerOf([{ rule: 'hackers', patterns: sshd }]).scan(bytes, {
        match: ({ groups }) => {
          user = groups.user!
        },
        repeated() {},
      })
      assert.equal(user, 'jos\u00e9 \ufffd\0')
    })

    test('keeps what it found in a block until the next one, however much it is', () => {
      const regex = /^(?<ip>\S+) (?<word>\w)?(?<n>\d+)$/
      const scanner = scannerOf([{ rule: 'hackers', patterns: [{ name: 'short', regex }] }])
      const address = (n: number) => (n % 3 === 0 ? `2001:db8::${(n + 1).toString(16)}` : `192.0.${n >> 8}.${n & 255}`)
      const lines = Array.from({ length: 5_000 }, (_, n) => `${address(n)} ${n % 2 ? 'x' : ''}${n}`)
      const block = Buffer.from(lines.map((line) => `${line}\n`).join(''))
      for (let round = 0; round < 2; round++) {
        const matches: Match[] = []
        scanner.scan(block, { match: (match) => matches.push(match), repeated() {} })
        const told = matches.map(({ start, end, address, groups: { word = '', n } }) => {
          assert.equal(`${formatAddress(address!)} ${word}${n}`, block.toString('latin1', start, end))
          return block.toString('latin1', start, end)
        })
        assert.deepEqual(told, lines)
      }
    })

    test('finds with many patterns together what each finds alone', () => {
      const parts = fc.constantFrom(
        'a',
        'b',
        '1',
        '192.0.2.1',
        '[0-9]+',
        'x*',
        '(?:a|b)',
        '.',
        '\\S+',
        ' ',
        '$',
        '(?<q>a)\\k<q>',
        '(?=a)',
      )
      const source = fc.tuple(
        fc.boolean(),
        fc.array(parts, { maxLength: 5 }).map(firstBackreference),
        fc.array(fc.constantFrom('a', '\\S+', ' ', '$', '.'), { maxLength: 3 }),
      )
      const line = fc
        .array(fc.constantFrom('a', 'b', '1', '192.0.2.1', ' ', 'x', '\r', 'é'), { maxLength: 12 })
        .map((all) => all.join(''))
      fc.assert(
        fc.property(
          fc.array(source, { minLength: 1, maxLength: 5 }),
          fc.array(line, { maxLength: 6 }),
          fc.boolean(),
          (sources, lines, hasSet) => {
            const info = { name: 'set', prefix: /^(?:ab)?/ }
            const patterns = sources.map(([isAnchored, before, after], index) => {
              const regex = new RegExp(
                `${isAnchored ? '^' : ''}${before.join('')}(?<ip>[0-9.]+)${after.join('')}`.replaceAll(/\$(?!$)/g, ''),
              )
              return { name: String(index), regex, weight: 10 + index, ...(hasSet && { set: info }) }
            })
            const alone = lines.flatMap((text) =>
              patterns
                .toReversed()
                .flatMap((pattern) => scan([pattern], text).found)
                .slice(0, 1),
            )
            assert.deepEqual(scan(patterns, ...lines).found, alone)
          },
        ),
        { numRuns: 300 },
      )
    })
  })

describe('what a pattern costs', () => {
  const slow: Pattern = { name: 'mine/slow', regex: /^slow (?=(?:a|b)+$)(?<ip>\S+)?/ }
  const quick: Pattern = { name: 'mine/quick', regex: /^quick (?<ip>\S+) (?<rest>.*)$/ }
  const idle: Pattern = { name: 'mine/idle', regex: /^idle (?<ip>\S+)$/ }
  const feeds = [{ rule: 'mine', patterns: [slow, quick, idle] }]
  const lines = Array.from({ length: 50 }, (_, index) =>
    index % 2 ? `slow ${'ab'.repeat(9)}` : `quick 192.0.2.1 ${'x'.repeat(500)}`,
  )
  const block = Buffer.from(lines.map((line) => `${line}\n`).join(''))

  for (const [name, machineOf] of Object.entries({ WebAssembly: wasmMachine, JavaScript: plainMachine })) {
    test(`is counted in lines and time, in ${name}`, () => {
      const timeLimit = (run: () => void) => {
        run()
        return true
      }
      const scanner = literalScanner(feeds, { machine: machineOf(), timeLimit, clock: () => performance.now() })
      assert.deepEqual(scanner.costs, [])
      for (let scans = 0; scans < 40; scans++) scanner.scan(block, { match: () => {}, repeated: () => {} })
      assert.deepEqual(
        scanner.costs.map(({ pattern, lines }) => [pattern, lines]),
        [
          [slow, 1_000],
          [quick, 1_000],
        ],
      )
      for (const { ms } of scanner.costs) assert.ok(ms > 0 && ms < 10_000, `${ms}`)
    })
  }

  test('is known of each name, in all feeds, and once where logs share a scanner', () => {
    const both = [...feeds, { rule: 'other', patterns: [quick] }]
    const scanners = [scannerOf(both), scannerOf(both)]
    for (const scanner of scanners) scanner.scan(Buffer.from('quick 192.0.2.1 x\n'), { match: () => {}, repeated: () => {} })
    assert.deepEqual(
      [...costsIn(scanners)].map(([name, { lines }]) => [name, lines]),
      [['mine/quick', 4]],
    )
  })
})
