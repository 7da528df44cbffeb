import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import type { Pattern } from '../../src/matching/pattern.ts'
import { addressesBy, type Fail2banSample, fail2banSamples, needsFail2banLogs } from './fail2ban-logs.ts'

export interface Fail2banCorpus {
  /** Our sets for each of fail2ban's sample logs. */
  readonly covered: Readonly<Record<string, readonly Pattern[]>>
  /** Attacks that we leave alone, by the beginning of the line's SHA-256, and why. */
  readonly left: Readonly<Record<string, string>>
  /** Sources that fail2ban does not say, because it passes the line over, or where it takes another than we do. */
  readonly sources: Readonly<Record<string, string>>
}

/**
 * Weights aside: does a pattern know the line, and whom does it take for its source? Where fail2ban expects the name of a
 * host, nothing must come: names never count for us.
 */
export function testFail2banLogs({ covered, left, sources }: Fail2banCorpus): void {
  describe("fail2ban's sample lines", { skip: needsFail2banLogs() }, () => {
    const total = { attacks: 0, given: 0 }
    const seen = new Set<string>()

    for (const [log, patterns] of Object.entries(covered)) {
      test(`of ${log}: attacks give their address, and no line gives another`, (context) => {
        const samples = fail2banSamples(log)
        const lines = samples.map(({ line }) => line)
        for (const sample of samples) seen.add(hash(sample))
        const addresses = addressesBy(patterns, lines)
        const attacks = [...samples.keys()].filter((i) => samples[i]!.isMatch && samples[i]!.address !== undefined)
        const missed = attacks.filter((i) => addresses[i] !== samples[i]!.address)
        const named = [...samples.keys()].filter((i) => addresses[i] !== null)
        const wrong = named.filter((i) => addresses[i] !== sourceOf(samples[i]!, samples, sources))
        context.diagnostic(
          `${log}: recall ${attacks.length - missed.length}/${attacks.length}, precision ${named.length - wrong.length}/${named.length}`,
        )
        total.attacks += attacks.length
        total.given += attacks.length - missed.length
        assert.ok(attacks.length > 0, 'no attack was read, so this proves nothing')
        const unexplained = missed.filter((i) => left[hash(samples[i]!)] === undefined)
        const show = (i: number) => [hash(samples[i]!), samples[i]!.place, lines[i], addresses[i]]
        assert.deepEqual(unexplained.map(show), [])
        assert.deepEqual(wrong.map(show), [])
      })
    }

    test('all in all, at least 95 of 100 attacks give their address', (context) => {
      context.diagnostic(`recall ${total.given}/${total.attacks}`)
      assert.ok(total.given >= 0.95 * total.attacks, `${total.given} of ${total.attacks}`)
    })

    test('every exception is of a line that is there', () => {
      assert.deepEqual(
        [...Object.keys(left), ...Object.keys(sources)].filter((one) => !seen.has(one)),
        [],
      )
    })
  })
}

const hash = ({ line }: Fail2banSample) => createHash('sha256').update(line).digest('hex').slice(0, 12)

/** A line that is an attack in one of fail2ban's modes only has the same source in all. */
function sourceOf(
  sample: Fail2banSample,
  samples: readonly Fail2banSample[],
  sources: Fail2banCorpus['sources'],
): string | undefined {
  const same = samples.find(({ line, address }) => line === sample.line && address !== undefined)
  return sources[hash(sample)] ?? same?.address
}
