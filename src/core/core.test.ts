import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { networkOf, parseAddress, parseNetwork } from '../base/address.ts'
import { FOR_LIFE, HOUR_MS, MINUTE_MS } from '../base/units.ts'
import { Generic, type Outcome, type ScoredHit, type Wake } from '../rules/generic.ts'
import { Hackers } from '../rules/hackers.ts'
import { Core } from './core.ts'
import type { Decision, HitFact, Offender } from './model.ts'

const START = Date.UTC(2026, 10, 21, 10)

function newCore(rules: Record<string, Generic> = { hackers: new Hackers({ table: 'bad_ip' }) }, offender?: Offender): Core {
  return new Core({ rules: new Map(Object.entries(rules)), tables: new Set(['bad_ip', 'other']), offender: () => offender })
}

function hit(afterMs: number, address: string | undefined, more: Partial<HitFact> = {}): HitFact {
  return {
    kind: 'hit',
    at: START + afterMs,
    rule: 'hackers',
    log: '/var/log/authlog',
    position: afterMs,
    pattern: 'sshd/failed-password',
    set: 'sshd',
    weight: 20,
    once: false,
    distinct: undefined,
    spoofable: false,
    login: undefined,
    address: address === undefined ? undefined : parseAddress(address),
    session: undefined,
    account: undefined,
    times: 1,
    parameters: {},
    line: '',
    ...more,
  }
}

/** Tells facts, and gives each decision as one line: after how many seconds, what, whom, until when. */
function decisionsOf(core: Core, facts: readonly Parameters<Core['tell']>[0][]): string[] {
  for (const fact of facts) core.tell(fact)
  return core.take().decisions.map(lineOf)
}

function lineOf(decision: Decision): string {
  const seconds = (decision.at - START) / 1000
  const until =
    'until' in decision ? ` for ${decision.until === FOR_LIFE ? 'life' : `${(decision.until - decision.at) / 1000}s`}` : ''
  const reason = decision.kind === 'ban' ? '' : ` (${'reason' in decision ? decision.reason : decision.command})`
  return `${seconds} ${decision.kind} ${decision.address} ${decision.rule}${until}${reason}`
}

const clock = (afterMs: number) => ({ kind: 'clock', at: START + afterMs }) as const

describe('scoring', () => {
  test('five failures within the window are a ban of an hour, which ends at its time and not before', () => {
    const core = newCore()
    const facts = [0, 1, 2, 3, 4].map((n) => hit(n * MINUTE_MS, '192.0.2.1'))
    assert.deepEqual(decisionsOf(core, facts), ['240 ban 192.0.2.1 hackers for 3600s'])
    assert.deepEqual(decisionsOf(core, [clock(4 * MINUTE_MS + HOUR_MS - 1)]), [])
    assert.deepEqual(decisionsOf(core, [clock(4 * MINUTE_MS + 3 * HOUR_MS)]), ['3840 unban 192.0.2.1 hackers (ended)'])
  })

  test('points that are an hour old do not count', () => {
    const facts = [0, 1, 2, 3, 60].map((n) => hit(n * MINUTE_MS, '192.0.2.1'))
    assert.deepEqual(decisionsOf(newCore(), facts), [])
  })

  test('a ban spends the score, and hits while banned are evidence only', () => {
    const core = newCore()
    const facts = [0, 1, 2, 3, 4, 5, 6, 7, 8].map((n) => hit(n * 1000, '192.0.2.1'))
    assert.deepEqual(decisionsOf(core, facts), ['4 ban 192.0.2.1 hackers for 3600s'])
    // After the ban it begins at nothing.
    assert.deepEqual(
      decisionsOf(
        core,
        [4000, 5000, 6000].map((n) => hit(HOUR_MS + n, '192.0.2.1')),
      ),
      ['3604 unban 192.0.2.1 hackers (ended)'],
    )
  })

  test('an IPv6 source is its /64', () => {
    const facts = [1, 2, 3, 4, 5].map((n) => hit(n, `2001:db8:0:7::${n}`))
    assert.deepEqual(decisionsOf(newCore(), facts), ['0.005 ban 2001:db8:0:7::/64 hackers for 3600s'])
  })

  test('a line that was repeated three times counts three times', () => {
    assert.deepEqual(decisionsOf(newCore(), [hit(0, '192.0.2.1', { times: 5 })]), ['0 ban 192.0.2.1 hackers for 3600s'])
  })

  test('of one session, patterns that count once give as much as the dearest of them', () => {
    const core = newCore()
    const attempt = (n: number) => [
      hit(n, '192.0.2.1', { session: String(n), once: true, weight: 20, pattern: 'sshd/invalid-user' }),
      hit(n, '192.0.2.1', { session: String(n), once: true, weight: 25, pattern: 'sshd/failed-password' }),
    ]
    assert.deepEqual(decisionsOf(core, [...attempt(1), ...attempt(2), ...attempt(3)]), [])
    assert.deepEqual(decisionsOf(core, attempt(4)), ['0.004 ban 192.0.2.1 hackers for 3600s'])
  })

  test('a session costs the sum of its hits, and at least as much as the dearest that counts once', () => {
    const core = newCore()
    const tries = (session: string, count: number) => [
      hit(0, '192.0.2.1', { session, once: true, weight: 25, pattern: 'sshd/unknown-user' }),
      ...Array.from({ length: count }, () =>
        hit(0, '192.0.2.1', { session, weight: 25, pattern: 'sshd/failed-password-unknown-user' }),
      ),
      hit(0, '192.0.2.1', { session, once: true, weight: 10, pattern: 'sshd/gave-up' }),
    ]
    assert.deepEqual(decisionsOf(core, [...tries('1', 0), ...tries('2', 1)]), [], '50 points')
    assert.deepEqual(decisionsOf(core, tries('3', 1)), [], '75 points')
    assert.deepEqual(decisionsOf(core, tries('4', 1)), ['0 ban 192.0.2.1 hackers for 3600s'])
  })

  test('a line without an address means that of its session', () => {
    const facts = [hit(0, '192.0.2.1', { session: '77', weight: 60 }), hit(1, undefined, { session: '77', weight: 60 })]
    assert.deepEqual(decisionsOf(newCore(), facts), ['0.001 ban 192.0.2.1 hackers for 3600s'])
    assert.deepEqual(
      decisionsOf(newCore(), [
        hit(0, '192.0.2.1', { session: '77', weight: 60 }),
        hit(1, undefined, { session: '78', weight: 60 }),
      ]),
      [],
    )
  })

  test('a value seen before weighs a tenth', () => {
    const port = (n: number, value: string) => hit(n, '192.0.2.1', { weight: 10, distinct: value })
    const ports = (values: string[]) =>
      decisionsOf(
        newCore(),
        values.map((value, n) => port(n, value)),
      )
    assert.deepEqual(ports(['1', '2', '3', '4', '5', '6', '7', '8', '9', '10']), ['0.009 ban 192.0.2.1 hackers for 3600s'])
    assert.deepEqual(ports(Array(50).fill('22')), [])
  })
})

describe('those who log in', () => {
  const login = (afterMs: number, session: string) =>
    hit(afterMs, '192.0.2.1', { weight: -100, login: 'opened', session, account: 'bob', pattern: 'sshd/accepted' })
  const logout = (afterMs: number, session: string) => hit(afterMs, undefined, { weight: 0, login: 'closed', session })
  const typo = (afterMs: number, account = 'bob') => hit(afterMs, '192.0.2.1', { account })

  test('a good login takes away the points of its own account, and of no other', () => {
    const core = newCore()
    const facts = [typo(0), typo(1), typo(2, 'root'), login(3, '9'), logout(4, '9')]
    decisionsOf(core, facts)
    // 20 points of root are left; a recent login makes the threshold 300.
    const more = Array.from({ length: 13 }, (_, n) => typo(10 + n, 'root'))
    assert.deepEqual(decisionsOf(core, more), [])
    assert.deepEqual(decisionsOf(core, [typo(30, 'root')]), ['0.03 ban 192.0.2.1 hackers for 3600s'])
  })

  test('whoever is logged in is not banned, not by hand either, until the session is closed', () => {
    const core = newCore()
    const flood = (from: number) => Array.from({ length: 15 }, (_, n) => typo(from + n, 'root'))
    assert.deepEqual(decisionsOf(core, [login(0, '9'), ...flood(10)]), [
      '0.024 refused 192.0.2.1 hackers (logged in at this moment)',
    ])
    const network = parseNetwork('192.0.2.0/24')!
    const order = {
      kind: 'order',
      at: START + 50,
      order: { do: 'ban', network, table: 'bad_ip', until: FOR_LIFE, reason: 'x' },
    } as const
    assert.deepEqual(decisionsOf(core, [order]), ['0.05 refused 192.0.2.0/24 by hand (logged in at this moment)'])
    assert.deepEqual(decisionsOf(core, [logout(60, '9'), ...flood(70)]), ['0.084 ban 192.0.2.1 hackers for 3600s'])
  })

  test('a login ends also where another process says good-bye from its address and port', () => {
    const core = newCore()
    const parameters = { port: '50022' }
    core.tell({ ...login(0, '9'), parameters })
    core.tell(hit(1, '192.0.2.1', { weight: 0, login: 'closed', session: '10', parameters: { port: '50023' } }))
    assert.equal([...core.loggedIn.keys()].length, 1)
    core.tell(hit(2, '192.0.2.1', { weight: 0, login: 'closed', session: '10', parameters }))
    assert.equal([...core.loggedIn.keys()].length, 0)
  })

  test('another address under the same process id is another session', () => {
    const core = newCore()
    decisionsOf(core, [login(0, '9'), hit(1, '192.0.2.9', { session: '9' })])
    assert.deepEqual([...core.loggedIn.keys()], [])
  })
})

describe('repeat offenders', () => {
  const rules = { hackers: new Hackers({ table: 'bad_ip', ban: ['1h', '1d', '7d'] }) }
  const attack = (afterMs: number) => hit(afterMs, '192.0.2.1', { weight: 100 })

  test('climb the ladder, and stay on its last step', () => {
    const core = newCore(rules)
    const DAY = 24 * HOUR_MS
    const bans = decisionsOf(core, [attack(0), attack(2 * HOUR_MS), attack(2 * DAY), attack(20 * DAY)]).filter((line) =>
      line.includes(' ban '),
    )
    assert.deepEqual(
      bans.map((line) => line.split(' for ')[1]),
      ['3600s', '86400s', '604800s', '604800s'],
    )
  })

  test('are forgiven after the memory of the rule', () => {
    const bans = [{ at: START - 91 * 24 * HOUR_MS, rule: 'hackers', table: 'bad_ip', until: START - 90 * 24 * HOUR_MS }]
    assert.deepEqual(decisionsOf(newCore(rules, { bans, listings: [], lastLoginAt: undefined }), [attack(0)]), [
      '0 ban 192.0.2.1 hackers for 3600s',
    ])
  })

  test('never climb on evidence that could be forged', () => {
    const bans = [{ at: START - HOUR_MS * 2, rule: 'hackers', table: 'bad_ip', until: START - HOUR_MS }]
    const core = newCore(rules, { bans, listings: [], lastLoginAt: undefined })
    assert.deepEqual(decisionsOf(core, [hit(0, '192.0.2.1', { weight: 100, spoofable: true })]), [
      '0 ban 192.0.2.1 hackers for 3600s',
    ])
  })
})

describe('tables', () => {
  const order = (afterMs: number, address: string, until: number) =>
    ({
      kind: 'order',
      at: START + afterMs,
      order: { do: 'ban', network: parseNetwork(address)!, table: 'bad_ip', until, reason: 'x' },
    }) as const

  test('an address is in with its first ban and out with its last', () => {
    const core = newCore()
    core.tell(order(0, '192.0.2.1', START + 2 * HOUR_MS))
    core.tell(hit(1, '192.0.2.1', { weight: 100 }))
    core.tell(clock(3 * HOUR_MS))
    const { tableChanges } = core.take()
    assert.deepEqual(
      tableChanges.map(({ kind, until }) => `${kind} ${until - START}`),
      [`add ${2 * HOUR_MS}`, `delete ${2 * HOUR_MS}`],
    )
  })

  test('an unban by hand withdraws all bans and clears the score', () => {
    const core = newCore()
    core.tell(order(0, '192.0.2.1', FOR_LIFE))
    core.tell(hit(1, '192.0.2.1', { weight: 90 }))
    core.tell({
      kind: 'order',
      at: START + 2,
      order: { do: 'unban', network: networkOf(parseAddress('192.0.2.1')!), reason: 'a friend' },
    })
    assert.equal(core.wanted('bad_ip').size, 0)
    assert.deepEqual(decisionsOf(core, [hit(3, '192.0.2.1', { weight: 90 })]), [
      '0 ban 192.0.2.1 by hand for life',
      '0.002 unban 192.0.2.1 by hand (a friend)',
    ])
  })

  test('an unban ends what covers the address, and what lies in the network', () => {
    const core = newCore()
    for (const address of ['2001:db8::/64', '192.0.2.1', '192.0.2.2', '198.51.100.1']) core.tell(order(0, address, FOR_LIFE))
    core.take()
    const unban = (address: string) =>
      ({ kind: 'order', at: START, order: { do: 'unban', network: parseNetwork(address)!, reason: 'x' } }) as const
    assert.deepEqual(decisionsOf(core, [unban('2001:db8::7'), unban('192.0.2.0/24')]), [
      '0 unban 2001:db8::/64 by hand (x)',
      '0 unban 192.0.2.1 by hand (x)',
      '0 unban 192.0.2.2 by hand (x)',
    ])
  })

  test('what becomes protected while it is banned is let go', () => {
    const core = newCore()
    core.tell(hit(0, '192.0.2.1', { weight: 100 }))
    const ignored = [parseNetwork('192.0.2.0/24')!]
    assert.deepEqual(decisionsOf(core, [{ kind: 'protect', at: START + 1, ignored, protected: [] }]), [
      '0 ban 192.0.2.1 hackers for 3600s',
      '0.001 unban 192.0.2.1 hackers (on the ignore list (192.0.2.0/24))',
    ])
    assert.deepEqual(decisionsOf(core, [hit(2, '192.0.2.1', { weight: 100 })]), [])
  })
})

test('while it is not known who must not be banned, nobody is, and nobody is let go', () => {
  const core = newCore()
  const suspended = '/etc/log2table/friends can not be read'
  const protect = { kind: 'protect', at: START, ignored: [], protected: [], suspended } as const
  assert.deepEqual(decisionsOf(core, [hit(0, '192.0.2.1', { weight: 100 }), protect, hit(1, '192.0.2.2', { weight: 100 })]), [
    '0 ban 192.0.2.1 hackers for 3600s',
    `0.001 refused 192.0.2.2 hackers (${suspended})`,
  ])
})

describe('bounds', () => {
  const flood = (core: Core, afterMs: number, sources: number, first: number) => {
    for (let n = 0; n < sources; n++) core.tell(hit(afterMs, undefined, { address: first + n, weight: 20 }))
  }
  const newest = (core: Core) => core.take().decisions.map(lineOf)

  test('a flood of new sources does not push out a slow attacker, and lets go only of its own', () => {
    const core = new Core({
      rules: new Map([['hackers', new Hackers({ table: 'bad_ip' })]]),
      tables: new Set(['bad_ip']),
      offender: () => undefined,
      sourcesMax: 1_000,
    })
    // 40 points every 20 minutes, and between them twenty times as many sources as are kept.
    for (const [round, minutes] of [0, 20, 40].entries()) {
      core.tell(hit(minutes * MINUTE_MS, '192.0.2.1', { weight: 40 }))
      flood(core, minutes * MINUTE_MS + 1, 20_000, 0x0a000000 + round * 100_000)
    }
    assert.deepEqual(newest(core), ['2400 ban 192.0.2.1 hackers for 3600s'])
    const {
      rules: [report],
    } = core.report()
    assert.equal(report?.sources, 1_000)
    assert.ok(report!.evictions >= 3 * 20_000 - 2_000, `${report!.evictions} were let go`)
  })

  test('who is banned is not forgotten, whatever comes', () => {
    const core = new Core({
      rules: new Map([['hackers', new Hackers({ table: 'bad_ip' })]]),
      tables: new Set(['bad_ip']),
      offender: () => undefined,
      sourcesMax: 100,
    })
    const banned = Array.from({ length: 500 }, (_, n) => hit(0, undefined, { address: 0xc0000200 + n, weight: 100 }))
    for (const one of banned) core.tell(one)
    flood(core, MINUTE_MS, 10_000, 0x0a000000)
    assert.equal(core.wanted('bad_ip').size, 500)
    assert.equal(core.bans().length, 500)
  })
})

describe('time', () => {
  test('bans of a second, 25 days, 400 days and for life end at their time and not before', () => {
    for (const [length, seconds] of [
      ['1s', 1],
      ['25d', 25 * 86_400],
      ['400d', 400 * 86_400],
    ] as const) {
      const core = newCore({ hackers: new Hackers({ table: 'bad_ip', ban: length }) })
      assert.deepEqual(decisionsOf(core, [hit(0, '192.0.2.1', { weight: 100 })]), [`0 ban 192.0.2.1 hackers for ${seconds}s`])
      assert.deepEqual(decisionsOf(core, [clock(seconds * 1_000 - 1)]), [])
      assert.equal(core.nextWakeAt(), START + seconds * 1_000)
      assert.deepEqual(decisionsOf(core, [clock(seconds * 1_000)]), [`${seconds} unban 192.0.2.1 hackers (ended)`])
    }
    const network = parseNetwork('192.0.2.2')!
    const core = newCore()
    core.tell({ kind: 'order', at: START, order: { do: 'ban', network, table: 'bad_ip', until: FOR_LIFE, reason: '' } })
    core.take()
    assert.deepEqual(decisionsOf(core, [clock(100 * 365 * 24 * HOUR_MS)]), [])
    assert.equal(core.nextWakeAt(), undefined)
  })

  test('after a suspend of hours what was due happens once, and a clock that was set back ends nothing twice', () => {
    const core = newCore()
    decisionsOf(core, [hit(0, '192.0.2.1', { weight: 100 })])
    assert.deepEqual(decisionsOf(core, [clock(8 * HOUR_MS)]), ['3600 unban 192.0.2.1 hackers (ended)'])
    assert.deepEqual(decisionsOf(core, [clock(HOUR_MS), clock(8 * HOUR_MS)]), [])
  })
})

describe('those who never stop', () => {
  test('are not listed on days after a ban that was lifted early', () => {
    const counts: number[] = []
    class Counting extends Generic {
      override onHit(_kept: undefined, { history }: ScoredHit): Outcome {
        counts.push(history.listings(0))
        return {}
      }
    }
    const core = newCore({ hackers: new Counting() })
    const network = parseNetwork('192.0.2.1')!
    core.tell({ kind: 'order', at: START, order: { do: 'ban', network, table: 'bad_ip', until: FOR_LIFE, reason: '' } })
    core.tell({ kind: 'order', at: START + 25 * HOUR_MS, order: { do: 'unban', network, reason: '' } })
    core.tell(hit(20 * 24 * HOUR_MS, '192.0.2.1'))
    assert.deepEqual(counts, [2])
  })

  test('are proposed for life with the reason, unless they must not be banned', () => {
    const bans = [5, 4, 3, 2].map((day) => {
      return { at: START - day * 24 * HOUR_MS, rule: 'hackers', table: 'bad_ip', until: START - day * 24 * HOUR_MS + 1 }
    })
    const listings = Array.from({ length: 12 }, (_, n) => ({ day: Math.floor(START / 86_400_000) - n, table: 'fw1/bad_ip' }))
    const rule = new Hackers({ table: 'bad_ip', forLife: { table: 'other' } })
    const core = newCore({ hackers: rule }, { bans, listings, lastLoginAt: undefined })
    core.tell(hit(0, '192.0.2.1', { weight: 100 }))
    const { decisions, changes } = core.take()
    assert.deepEqual(decisions.map(lineOf), [
      '0 ban 192.0.2.1 hackers for 3600s',
      '0 notify 192.0.2.1 hackers (proposed for life in other: 16 listings and 4 bans within 90d; "log2table confirm 192.0.2.1" bans it)',
    ])
    assert.equal(changes.filter(({ kind }) => kind === 'proposal').length, 1)
    core.tell({ kind: 'protect', at: START, ignored: [], protected: [{ network: parseNetwork('192.0.2.2')!, because: 'ours' }] })
    core.tell(hit(1, '192.0.2.2', { weight: 100 }))
    assert.deepEqual(
      core.take().decisions.map(({ kind }) => kind),
      ['refused'],
    )
  })
})

describe('rules', () => {
  class Reminder extends Generic<{ seen: number }> {
    override onHit(kept: { seen: number } | undefined, hit: ScoredHit): Outcome<{ seen: number }> {
      return { kept: { seen: (kept?.seen ?? 0) + 1 }, wakeAt: hit.at + MINUTE_MS }
    }
    override onWake(kept: { seen: number } | undefined, wake: Wake): Outcome<{ seen: number }> {
      return { kept: undefined, decisions: [{ kind: 'notify', reason: `${kept?.seen} hits, ${wake.at - wake.dueAt} ms late` }] }
    }
  }

  test('are woken at the time they asked for; a new time takes the place of the old', () => {
    const core = newCore({ hackers: new Reminder() })
    assert.deepEqual(decisionsOf(core, [hit(0, '192.0.2.1'), hit(30_000, '192.0.2.1'), clock(80_000)]), [])
    assert.deepEqual(decisionsOf(core, [clock(500_000)]), ['90 notify 192.0.2.1 hackers (2 hits, 0 ms late)'])
    assert.equal(core.nextWakeAt(), undefined)
  })

  test('that throw are quarantined and named, and the others go on', () => {
    class Broken extends Generic {
      override onHit(): Outcome {
        throw new TypeError('oops')
      }
    }
    const core = newCore({ broken: new Broken(), hackers: new Hackers({ table: 'bad_ip' }) })
    const facts = [
      hit(0, '192.0.2.1', { rule: 'broken' }),
      hit(1, '192.0.2.1', { rule: 'broken' }),
      hit(2, '192.0.2.1', { weight: 100 }),
    ]
    assert.deepEqual(decisionsOf(core, facts), [
      '0 notify undefined broken (rule broken is quarantined: TypeError: oops)',
      '0.002 ban 192.0.2.1 hackers for 3600s',
    ])
  })

  test('that were quarantined are asked again when they are released', () => {
    let isBroken = true
    class Mine extends Generic {
      override onHit(): Outcome {
        if (isBroken) throw new TypeError('oops')
        return { decisions: [{ kind: 'notify', reason: 'fine' }] }
      }
    }
    const core = newCore({ mine: new Mine() })
    const order = { kind: 'order', at: 3, order: { do: 'release', rule: 'mine' } } as const
    decisionsOf(core, [hit(0, '192.0.2.1', { rule: 'mine' })])
    assert.equal(core.report().rules[0]!.quarantine, 'TypeError: oops')
    isBroken = false
    assert.deepEqual(decisionsOf(core, [hit(2, '192.0.2.1', { rule: 'mine' }), order, hit(4, '192.0.2.1', { rule: 'mine' })]), [
      '0.004 notify 192.0.2.1 mine (fine)',
    ])
    assert.equal(core.report().rules[0]!.quarantine, undefined)
  })

  for (const [what, outcome, fault] of [
    [
      'a table that is not declared',
      { decisions: [{ kind: 'ban', table: 'bda_ip', for: '1h' }] },
      'it names the table "bda_ip"; declared are bad_ip, other',
    ],
    [
      'a length of time that is none',
      { decisions: [{ kind: 'ban', table: 'bad_ip', for: '1 hour' }] },
      `a ban is for "1 hour"; write a length of time such as '1h', or 'life'`,
    ],
    ['nothing', undefined, 'it returned undefined; return an object, {} for nothing'],
  ] as const) {
    test(`that return ${what} are quarantined`, () => {
      class Nonsense extends Generic {
        override onHit(): Outcome {
          return outcome as Outcome
        }
      }
      assert.deepEqual(decisionsOf(newCore({ hackers: new Nonsense() }), [hit(0, '192.0.2.1')]), [
        `0 notify undefined hackers (rule hackers is quarantined: ${fault})`,
      ])
    })
  }
})

test('of who is banned for life it is kept, every six hours, that he still knocks; it costs him nothing, nor others', () => {
  const core = newCore({ hackers: new Hackers({ table: 'bad_ip' }), other: new Hackers({ table: 'other' }) })
  const ban = (address: string, until: number) => {
    const order = { do: 'ban', network: parseNetwork(address)!, table: 'bad_ip', until, reason: '' } as const
    core.tell({ kind: 'order', at: START, order })
  }
  ban('192.0.2.0/30', FOR_LIFE)
  ban('192.0.2.9', START + 100 * HOUR_MS)
  core.take()
  for (let hour = 0; hour < 13; hour++) {
    for (const address of ['192.0.2.1', '192.0.2.9']) {
      core.tell(hit(hour * HOUR_MS, address, { rule: 'other', weight: 100, spoofable: true, log: 'pflog:pflog0' }))
    }
  }
  const { changes, decisions } = core.take()
  assert.deepEqual(decisions, [])
  assert.deepEqual(
    changes.map((change) =>
      change.kind === 'hit' ? [(change.hit.at - START) / HOUR_MS, change.hit.address, change.hit.points] : change,
    ),
    [0, 6, 12].map((hour) => [hour, parseAddress('192.0.2.1'), 0]),
  )
})

test('where nothing is stored, the same is decided, and who left evidence is told in the place of hits and sessions', () => {
  const facts = [
    ...[0, 1, 2, 3, 4, 5].map((n) => hit(n, '192.0.2.1', { session: '7' })),
    hit(6, '192.0.2.2', { weight: 0, session: '8' }),
    hit(7, '192.0.2.3'),
    hit(8, '192.0.2.4', { weight: -100, login: 'opened', session: '9', account: 'bob' }),
  ]
  const evidence: unknown[] = []
  const options = { rules: new Map([['hackers', new Hackers({ table: 'bad_ip' })]]), tables: new Set(['bad_ip']) }
  const kindsOf = (core: Core) => {
    for (const fact of facts) core.tell(fact)
    const { decisions, changes } = core.take()
    return { decisions, kinds: changes.map(({ kind }) => kind) }
  }
  const stored = kindsOf(new Core({ ...options, offender: () => undefined }))
  const unstored = kindsOf(new Core({ ...options, offender: () => undefined, onEvidence: (source) => evidence.push(source) }))
  assert.deepEqual(unstored.decisions, stored.decisions)
  assert.equal(stored.decisions.length, 1)
  assert.deepEqual(
    unstored.kinds,
    stored.kinds.filter((kind) => kind !== 'hit' && kind !== 'session'),
  )
  const one = parseAddress('192.0.2.1')
  assert.deepEqual(evidence, [one, one, one, one, one, one, parseAddress('192.0.2.3')])
})

describe('who climbs', () => {
  const rules = () => ({
    hackers: new Hackers({ table: 'bad_ip' }),
    patient: new Hackers({ table: 'other', threshold: 300 }),
    silent: new (class extends Generic {
      override onHit(): Outcome {
        return {}
      }
    })(),
  })
  const climbingOf = (core: Core, most: number, answers = true) =>
    core.climbing(most, (ask) => {
      if (answers) ask()
      return answers
    })

  test('those nearest to the threshold of their rule come first, whatever their points; of a rule that tells none, 100 is taken', () => {
    const core = newCore(rules())
    core.tell(hit(0, '192.0.2.1', { rule: 'patient', weight: 90 }))
    core.tell(hit(1, '192.0.2.2', { weight: 40, pattern: 'httpd/exploit' }))
    core.tell(hit(2, '192.0.2.3', { weight: 40 }))
    core.tell(hit(3, '192.0.2.4', { rule: 'silent', weight: 50 }))
    const shown = climbingOf(core, 3).map(({ source, rule, score, threshold, pattern }) => [
      Number(source) & 0xff,
      rule,
      score,
      threshold,
      pattern,
    ])
    assert.deepEqual(shown, [
      [4, 'silent', 50, undefined, 'sshd/failed-password'],
      [3, 'hackers', 40, 100, 'sshd/failed-password'],
      [2, 'hackers', 40, 100, 'httpd/exploit'],
    ])
    assert.deepEqual(climbingOf(core, 9).at(-1)?.threshold, 300)
  })

  test('where the rules do not come back, points are told without them; who is banned climbs no more', () => {
    const core = newCore(rules())
    for (let i = 0; i < 5; i++) core.tell(hit(i, '192.0.2.1'))
    core.tell(hit(6, '192.0.2.2'))
    assert.deepEqual(
      climbingOf(core, 9, false).map(({ source, score, threshold }) => [source, score, threshold]),
      [[0xc0000202, 20, undefined]],
    )
  })
})
