import { patternSet } from '../matching/pattern.ts'

/**
 * MongoDB 4.4 to 8: its log in JSON. Messages are known by their number: 20249 and 20250 until 4.4 and in 5.0 of some kinds,
 * 5286306 and 5286307 since. A driver first tries a guess (`speculative`) and then asks; only the second counts.
 */
const info = {
  name: 'mongodb',
  json: '{t.$date} {id} {attr.client|attr.remote} {attr.isSpeculative|attr.speculative?} "{attr.user|attr.principalName}" "{attr.error?}"',
}

interface Attempt {
  readonly user?: string
  readonly error?: string
  readonly client?: string
  readonly isSpeculative?: boolean
}

const line = (id: number, { user = 'admin', error, client = '203.0.113.9:50022', isSpeculative = false }: Attempt = {}) =>
  JSON.stringify({
    t: { $date: '2026-11-21T10:00:00.123+00:00' },
    s: 'I',
    c: 'ACCESS',
    id,
    ctx: 'conn815',
    msg: id === 5286307 ? 'Failed to authenticate' : 'Successfully authenticated',
    attr: { client, isSpeculative, isClusterMember: false, mechanism: 'SCRAM-SHA-256', user, db: 'admin', error, result: 18 },
  })
const old = (speculative: boolean) =>
  JSON.stringify({
    t: { $date: '2026-11-21T10:00:00.123+00:00' },
    s: 'I',
    c: 'ACCESS',
    id: 20249,
    ctx: 'conn3',
    msg: 'Authentication failed',
    attr: {
      mechanism: 'SCRAM-SHA-1',
      speculative,
      principalName: 'root',
      authenticationDatabase: 'admin',
      remote: '[2001:db8::9]:50022',
      extraInfo: {},
      error: 'AuthenticationFailed: SCRAM authentication failed, storedKey mismatch',
    },
  })
const hostile = '","attr":{"client":"192.0.2.1:5"},"x":"'

const failed = String.raw`^\S+ (?:20249|5286307) \[?(?<ip>[\da-fA-F:.]+)\]?:\d+ (?:false|-) "(?<user>(?:[^"\\]|\\.)*)" "`

export const mongodb = patternSet(info, [
  {
    name: 'wrong-password',
    weight: 20,
    regex: new RegExp(failed),
    samples: {
      match: [
        [line(5286307, { error: 'AuthenticationFailed: SCRAM authentication failed, storedKey mismatch' }), '203.0.113.9'],
        [line(5286307), '203.0.113.9'],
        [old(false), '2001:db8::9'],
      ],
      miss: [line(5286307, { isSpeculative: true }), old(true), line(5286306), line(5286307, { client: 'localhost:5' })],
      forged: [[line(5286307, { user: hostile, error: hostile }), '203.0.113.9']],
    },
  },
  {
    name: 'unknown-user',
    weight: 25,
    regex: new RegExp(`${failed}UserNotFound: `),
    samples: {
      match: [[line(5286307, { error: 'UserNotFound: Could not find user "admin" for db "admin"' }), '203.0.113.9']],
      miss: [line(5286307, { error: 'AuthenticationFailed: UserNotFound: ' })],
      forged: [[line(5286307, { user: `${hostile}UserNotFound: `, error: 'UserNotFound: 192.0.2.1:5' }), '203.0.113.9']],
    },
  },
  {
    name: 'accepted',
    weight: -100,
    session: 'opened',
    regex: /^\S+ (?:20250|5286306) \[?(?<ip>[\da-fA-F:.]+)\]?:\d+ \S+ "(?<user>(?:[^"\\]|\\.)*)" "/,
    samples: {
      match: [[line(5286306, { client: '198.51.100.7:50022' }), '198.51.100.7']],
      miss: [line(5286307)],
      forged: [[line(5286306, { user: hostile }), '203.0.113.9']],
    },
  },
])
