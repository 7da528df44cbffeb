import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { formatAddress, parseAddress } from '../base/address.ts'
import { jsonText } from '../matching/json-line.ts'
import { type Pattern, type PatternSet, WEIGHT_DEFAULT } from '../matching/pattern.ts'
import * as sets from './index.ts'

// Matching at its plainest, every pattern on every line, so that what is tested here are the patterns.

interface Won {
  readonly pattern: Pattern
  readonly address: string | undefined
  readonly session: string | undefined
  readonly times: number
}

/** The one pattern that counts for a line: a harmless one, else the dearest. */
function winner(set: PatternSet, line: string): Won | undefined {
  const all = set.map((pattern) => matchOne(pattern, line)).filter((won) => won !== undefined)
  return all.sort((a, b) => rank(b.pattern) - rank(a.pattern))[0]
}

function rank({ weight = WEIGHT_DEFAULT }: Pattern): number {
  return weight === 0 ? Number.POSITIVE_INFINITY : weight
}

function matchOne(pattern: Pattern, line: string): Won | undefined {
  const prefix = pattern.set?.prefix
  const head = prefix?.exec(line)
  if (prefix && !head) return undefined
  const { session, times } = head?.groups ?? {}
  let rest = line.slice(head?.[0].length ?? 0)
  if (pattern.set?.json !== undefined) {
    const text = rest.startsWith('{') ? jsonText(pattern.set.json)(JSON.parse(rest)) : undefined
    if (text === undefined) return undefined
    rest = text
  }
  if (times !== undefined && rest.endsWith(']')) rest = rest.slice(0, -1)
  const match = pattern.regex.exec(rest)
  if (!match) return undefined
  const won = { pattern, session, times: Number(times ?? 1) }
  const ip = match.groups?.ip
  if (ip === undefined) return { ...won, address: undefined }
  const address = parseAddress(ip)
  return address === undefined ? undefined : { ...won, address: formatAddress(address) }
}

/** A sample may be several lines: the last is meant, those before it give the session its address. */
function lastWinner(set: PatternSet, sample: string): { name: string | undefined; address: string | null } {
  const addresses = new Map<string | undefined, string>()
  let last: Won | undefined
  for (const line of sample.split('\n')) {
    last = winner(set, line)
    if (last?.address !== undefined) addresses.set(last.session, last.address)
  }
  return { name: last?.pattern.name, address: last?.address ?? (last && addresses.get(last.session)) ?? null }
}

const documentation = /^(?:192\.0\.2|198\.51\.100|203\.0\.113)\.\d+$|^2001:db8:/

for (const [setName, set] of Object.entries(sets)) {
  test(`every pattern of ${setName} has a name of its own`, () => {
    const names = set.map(({ name }) => name)
    assert.deepEqual(names, [...new Set(names)])
    for (const name of names) assert.match(name!, /^[a-z]+\/[a-z][a-z-]+$/)
  })

  for (const pattern of set) {
    const { name, regex, samples } = pattern

    test(`${name} is anchored, looks neither ahead nor back, and means the same on bytes`, () => {
      assert.ok(regex.source.startsWith('^'))
      assert.doesNotMatch(regex.source, /\(\?<?[=!]|\\[1-9k]/)
      assert.doesNotMatch(regex.source, /[^\x20-\x7e]/)
      assert.match(regex.flags, /^i?$/)
    })

    test(`${name} has lines that match, that just do not, and that frame somebody else`, () => {
      assert.ok(samples?.match?.length && samples.miss?.length && samples.forged?.length)
    })

    test(`${name} wins its own lines and gives their address`, () => {
      for (const [line, address] of samples?.match ?? []) {
        assert.match(address, documentation)
        assert.deepEqual(lastWinner(set, line), { name, address }, line)
      }
    })

    test(`${name} leaves near misses alone`, () => {
      for (const line of samples?.miss ?? []) assert.notEqual(lastWinner(set, line).name, name, line)
    })

    test(`${name} is not fooled by what an attacker writes`, () => {
      for (const [line, address] of samples?.forged ?? []) assert.equal(lastWinner(set, line).address, address, line)
    })
  }
}

describe('what a connection to sshd costs', () => {
  /** In a session, the `once` patterns say what it costs at least, and the others add up. */
  function cost(messages: readonly string[]): number {
    let atLeast = 0
    let sum = 0
    for (const message of messages) {
      const won = winner(sets.sshd, `Nov 21 10:00:00 www sshd[4711]: ${message}`)
      const { weight = WEIGHT_DEFAULT, once } = won?.pattern ?? { weight: 0 }
      if (weight <= 0) continue
      if (once) atLeast = Math.max(atLeast, weight)
      else sum += weight * won!.times
    }
    return Math.max(atLeast, sum)
  }

  const peer = '203.0.113.9 port 50022'
  const pam = 'pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=203.0.113.9  user=alice'

  test('is 20 for a wrong password, by however many lines it is told', () => {
    assert.equal(cost([pam, `Failed password for alice from ${peer} ssh2`]), 20)
    assert.equal(
      cost([
        `Connection from ${peer} on 192.0.2.25 port 22`,
        pam,
        `Failed password for alice from ${peer} ssh2`,
        `Connection closed by authenticating user alice ${peer} [preauth]`,
      ]),
      20,
    )
  })

  test('is 25 for an unknown user, with a password and without', () => {
    const unknown = `Invalid user admin from ${peer}`
    const closed = `Connection closed by invalid user admin ${peer} [preauth]`
    assert.equal(cost([unknown, closed]), 25)
    assert.equal(cost([unknown, pam, `Failed password for invalid user admin from ${peer} ssh2`, closed]), 25)
    assert.equal(cost([unknown, `Failed none for invalid user admin from ${peer} ssh2`, closed]), 25)
  })

  test('stays under 100 for two typos and the right password', () => {
    const typo = `Failed password for alice from ${peer} ssh2`
    assert.equal(cost([pam, typo, typo, `Accepted password for alice from ${peer} ssh2`]), 40)
    const dialogue = 'error: PAM: Authentication failure for alice from 203.0.113.9'
    assert.equal(cost([pam, dialogue, dialogue, `Accepted keyboard-interactive/pam for alice from ${peer} ssh2`]), 40)
  })

  test('reaches 100 with the fifth wrong password of one connection', () => {
    const typo = `Failed password for root from ${peer} ssh2`
    assert.equal(cost([pam, typo, `message repeated 4 times: [ ${typo}]`]), 100)
    assert.equal(cost(Array(6).fill('error: PAM: Authentication error for root from 203.0.113.9')), 120)
  })

  test('is nothing for a look at the port, and little for an agent with many keys', () => {
    assert.equal(cost([`Connection closed by ${peer} [preauth]`]), 0)
    assert.equal(cost([`Did not receive identification string from ${peer}`]), 0)
    assert.equal(
      cost([
        `Failed publickey for alice from ${peer} ssh2: RSA SHA256:x`,
        `error: maximum authentication attempts exceeded for alice from ${peer} ssh2 [preauth]`,
        `Disconnecting authenticating user alice ${peer}: Too many authentication failures [preauth]`,
      ]),
      10,
    )
  })
})
