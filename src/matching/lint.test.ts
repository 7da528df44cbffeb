import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as sets from '../patterns/index.ts'
import { type Forgery, findForgery, lintWarnings } from './lint.ts'
import { type Pattern, type PatternSetInfo, patternSet } from './pattern.ts'
import { scannerOf } from './scanner-of.ts'

const forgeryOf = (pattern: Pattern) => findForgery(pattern, scannerOf([{ rule: 'hackers', patterns: [pattern] }]))

/** A pattern proved by one line of 203.0.113.9. */
const proved = (regex: RegExp, line: string): Pattern => ({ regex, samples: { match: [[line, '203.0.113.9']] } })

/** What the proof says must be so: the line gives the other address. */
function assertForgery(forgery: Forgery | undefined, line: RegExp): void {
  assert.ok(forgery, 'no line was found')
  assert.match(forgery.line, line)
  assert.notEqual(forgery.forged, forgery.address)
  let found: unknown
  scannerOf([{ rule: 'hackers', patterns: [forgery.pattern] }]).scan(Buffer.from(`${forgery.line}\n`), {
    match: ({ address }) => {
      found = address
    },
    repeated() {},
  })
  assert.equal(found, 0xc0000242, '192.0.2.66')
}

describe('the mistakes that had innocents banned', () => {
  test('CVE-2006-6301: a lazy user name gives way to the first address behind it', () => {
    const pattern = proved(
      /^\w+ \d+ [\d:]+ \S+ sshd\[\d+\]: Failed (?<method>\S+) for (?:invalid user )?(?<user>.*?) from (?<ip>\S+)/,
      'Nov 21 10:00:00 www sshd[4711]: Failed password for invalid user bob from 203.0.113.9 port 50022 ssh2',
    )
    assertForgery(forgeryOf(pattern), /for invalid user \S* from 192\.0\.2\.66/)
  })

  test('CVE-2006-6302: the words of another failure are taken from a user name', () => {
    const pattern = proved(
      /(?:Authentication failure|Failed \S+) for .*|ROOT LOGIN REFUSED .*(?:from|FROM) (?<ip>\S+)/,
      'Nov 21 10:00:00 www sshd[4711]: ROOT LOGIN REFUSED for x FROM 203.0.113.9',
    )
    assertForgery(forgeryOf(pattern), /ROOT LOGIN REFUSED .*FROM 192\.0\.2\.66/)
  })

  test('CVE-2007-4321: what a client calls itself passes for a line', () => {
    const pattern = proved(
      /User not known .* from (?<ip>[\d.]+)/,
      'Nov 21 10:00:00 www sshd[4711]: User not known to the machine from 203.0.113.9',
    )
    assertForgery(forgeryOf(pattern), /User not known .* from 192\.0\.2\.66/)
    const quoted = proved(
      /^\w+ \d+ [\d:]+ \S+ sshd\[\d+\]: Bad protocol version identification '(?<version>.*?)' from (?<ip>\S+)/,
      "Nov 21 10:00:00 www sshd[4711]: Bad protocol version identification 'GET /' from 203.0.113.9 port 50022",
    )
    assertForgery(forgeryOf(quoted), /identification '.*' from 192\.0\.2\.66/)
  })

  test('CVE-2013-2178: a request holds what a server writes before the address', () => {
    const pattern = proved(
      /\[client (?<ip>\S+)\] (?:File does not exist|user .* not found)/,
      '[Sat Nov 21 10:00:00 2026] [error] [client 203.0.113.9] File does not exist: /var/www/x',
    )
    assertForgery(forgeryOf(pattern), /\[client 192\.0\.2\.66\] File does not exist/)
  })

  test('CVE-2013-7176: a mail address holds what stands behind the address', () => {
    const pattern = proved(
      /^\w+ \d+ [\d:]+ \S+ postfix\/smtpd\[\d+\]: NOQUEUE: reject: RCPT from .*\[(?<ip>[\d.]+)\]: 554/,
      'Nov 21 10:00:00 mx postfix/smtpd[4711]: NOQUEUE: reject: RCPT from unknown[203.0.113.9]: 554 5.7.1 <a@example.org>: Relay access denied; from=<b@example.net>',
    )
    assertForgery(forgeryOf(pattern), /\[192\.0\.2\.66\]: 554/)
  })

  test('CVE-2013-7177: so does the name that a login fails for', () => {
    const pattern = proved(
      /^\w+ \d+ [\d:]+ \S+ imap\[\d+\]: badlogin: .*\[(?<ip>[\d.]+)\] \S+ .*SASL\(-13\): authentication failure: .*$/,
      'Nov 21 10:00:00 mx imap[4711]: badlogin: client.example.org [203.0.113.9] plaintext bob SASL(-13): authentication failure: checkpass failed',
    )
    assertForgery(forgeryOf(pattern), /\[192\.0\.2\.66\] plaintext .* SASL/)
  })
})

describe('a line that fools a pattern', () => {
  test('is found without samples, in lines made of the regex itself', () => {
    const regex = /^Failed login for (?<user>\S+) from (?<ip>\S+)/
    assertForgery(forgeryOf({ regex }), /^Failed login for x? from 192\.0\.2\.66/)
    const info: PatternSetInfo = { name: 'door', prefix: /^[A-Z][a-z]{2} \d\d (?:\[\d+\] )?door: / }
    assertForgery(forgeryOf(patternSet(info, [{ regex }])[0]!), /^Axx 11 (?:\[1\] )?door: Failed login for x? from 192\.0\.2\.66/)
  })

  test('is found where the prefix of a set does not begin the line, or takes in what it should not', () => {
    const knock = (prefix: RegExp) =>
      patternSet({ name: 'door', prefix }, [
        proved(/^(?<ip>\S+) knocked, saying (?<text>.*)$/, 'Nov 21 door: 203.0.113.9 knocked, saying hello'),
      ])[0]!
    assertForgery(forgeryOf(knock(/door: /)), /door: 192\.0\.2\.66 knocked/)
    assertForgery(forgeryOf(knock(/^.*door: /)), /saying .*door: 192\.0\.2\.66 knocked/)
    assert.equal(forgeryOf(knock(/^Nov \d\d door: /)), undefined)
  })

  test('is shown as a person can read it, whatever its bytes', () => {
    const forgery = forgeryOf(proved(/^für (?<user>.*?) von (?<ip>\S+)/, 'für Jürgen von 203.0.113.9 zurück'))
    assertForgery(forgery, /^für .* von 192\.0\.2\.66.*zurück$/)
  })

  test('is looked for in IPv6 where the sample is of that family', () => {
    const pattern = {
      regex: /^no: (?<user>.*?) (?<ip>[\da-f:]+)/,
      samples: { match: [['no: bob 2001:db8::9', '2001:db8::9'] as const] },
    }
    assert.equal(forgeryOf(pattern)?.forged, '2001:db8::66')
  })

  test('survives references to groups, whose numbers change when others are put in', () => {
    assertForgery(forgeryOf(proved(/^(a|b)(.*?) (\d)\3 (?<ip>\S+)\1/, 'ax 11 203.0.113.9a')), /11 192\.0\.2\.66a/)
  })
})

describe('nothing is found', () => {
  test('where a date, a host or an address is all that stands before the address', () => {
    for (const [regex, line] of [
      [/^(?<ip>\S+) \S+ \S+ \[[^\]]+\] "(?:GET|POST) \/wp-login\.php/, '203.0.113.9 - - [21/Nov/2026] "GET /wp-login.php" 404'],
      [/^\[[^\]]+\] \[error\] \[client (?<ip>\S+)\] no/, '[Sat Nov 21] [error] [client 203.0.113.9] no'],
      [/^\S+ \d+ \S+ \S+ door: (?<ip>\S+) knocked/, 'Nov 21 10:00:00 www door: 203.0.113.9 knocked'],
    ] as const) {
      assert.equal(forgeryOf(proved(regex, line)), undefined, line)
    }
  })

  test('where the last address is the true one, and the end is closed', () => {
    const line = 'Failed login for bob from 203.0.113.9'
    assert.equal(forgeryOf(proved(/^Failed login for (?<user>.*) from (?<ip>\S+)$/, line)), undefined)
  })

  test('where the pattern says why there is nothing, or weighs nothing', () => {
    const regex = /^Failed login for (?<user>\S+) from (?<ip>\S+)/
    assert.equal(forgeryOf({ regex, unforgeable: 'names hold no space' }), undefined)
    assert.equal(forgeryOf({ regex, weight: 0 }), undefined)
  })

  for (const [name, patterns] of Object.entries(sets)) {
    test(`in the lines of ${name}, read with all of its patterns`, () => {
      const scanner = scannerOf([{ rule: 'hackers', patterns }])
      for (const pattern of patterns) assert.equal(findForgery(pattern, scanner)?.line, undefined, pattern.name)
    })
  }
})

describe('warnings', () => {
  test('are given of open ends, where the peer can write before them', () => {
    assert.deepEqual(lintWarnings({ regex: /Failed login from (?<ip>\S+)$/ }), [
      'may begin anywhere in a line; write ^ before it',
    ])
    assert.match(lintWarnings({ regex: /^Failed login for (?<user>.*) from (?<ip>\S+)/ })[0]!, /write \$ behind it$/)
    assert.deepEqual(lintWarnings({ regex: /^(?<ip>\S+) knocked/ }), [])
    assert.deepEqual(lintWarnings({ regex: /^(?:a (?<ip>\S+)$|b$)/ }), [])
  })

  test('are given of what no automaton can run', () => {
    assert.match(lintWarnings({ regex: /^(?<ip>\S+) (?<user>a+) \k<user>$/ })[0]!, /^runs as RegExp within a limit of time/)
  })

  test('are few for the shipped patterns', () => {
    const warned = Object.values(sets).flatMap((set) => set.filter((pattern) => lintWarnings(pattern).length > 0))
    assert.deepEqual(
      warned.map(({ name }) => name),
      [],
    )
  })
})
