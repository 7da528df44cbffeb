import { contains, formatAddress, parseNetwork, sourceOf } from '../base/address.ts'
import type { Until } from '../base/units.ts'
import type { Core, CoreOutput, Standing } from '../core/core.ts'
import type { Decision, HitFact } from '../core/model.ts'
import type { ArchivedLine } from './archived-lines.ts'
import { type ReplayOptions, replay } from './replay.ts'

/** What became of a line: nothing where no pattern matched it. */
export interface ExplainedLine extends ArchivedLine {
  readonly hits: readonly ExplainedHit[]
}

export interface ExplainedHit {
  readonly hit: HitFact
  /** Of the line or of its session; undefined where neither names one. */
  readonly address: string | undefined
  readonly verdict: Verdict
  /** What the rule did about it. */
  readonly decisions: readonly Decision[]
}

export type Verdict =
  /** Nobody can be blamed. */
  | { readonly kind: 'nobody' }
  | { readonly kind: 'ignored'; readonly because: string }
  | { readonly kind: 'login' }
  | { readonly kind: 'harmless' }
  | { readonly kind: 'banned'; readonly until: Until }
  /** The session has cost as much already, or the rule gives nothing for it. */
  | { readonly kind: 'free' }
  | { readonly kind: 'counted'; readonly points: number; readonly standing: Pick<Standing, 'score' | 'threshold' | 'windowMs'> }

/**
 * Says of lines of old logs why they did or did not lead to a ban: replays the logs, with all that was before them, and
 * listens to what the core makes of each.
 */
export async function explain(lines: readonly ArchivedLine[], options: ReplayOptions): Promise<readonly ExplainedLine[]> {
  const wanted = new Map(lines.map((line) => [`${line.position} ${line.log}`, { ...line, hits: [] as ExplainedHit[] }]))
  await replay({
    ...options,
    onHit: (hit, output, core) => {
      wanted.get(`${hit.position} ${hit.log}`)?.hits.push(explained(hit, output, core))
    },
  })
  return [...wanted.values()]
}

type Asked = Pick<Core, 'standing' | 'refusal' | 'bans'>

function explained(hit: HitFact, output: CoreOutput, core: Asked): ExplainedHit {
  const saved = output.changes.find((change) => change.kind === 'hit')?.hit
  const address = saved?.address ?? hit.address
  // Time has gone on as well: what ended for others is not this line's doing.
  const isOwn = (decision: Decision) =>
    address !== undefined && decision.address !== undefined && contains(parseNetwork(decision.address)!, sourceOf(address))
  const decisions = output.decisions.filter(isOwn)
  const verdict = verdictOn(hit, saved?.points, address, decisions, core)
  return { hit, address: address === undefined ? undefined : formatAddress(address), verdict, decisions }
}

function verdictOn(
  hit: HitFact,
  points: number | undefined,
  address: HitFact['address'],
  decisions: readonly Decision[],
  core: Asked,
): Verdict {
  if (address === undefined) return hit.login === 'opened' || hit.weight < 0 ? { kind: 'login' } : { kind: 'nobody' }
  const source = sourceOf(address)
  const ignored = core.refusal({ address, bits: typeof address === 'number' ? 32 : 128 })
  if (points === undefined && ignored?.startsWith('on the ignore list')) return { kind: 'ignored', because: ignored }
  if (hit.login === 'opened' || hit.weight < 0) return { kind: 'login' }
  if (hit.weight === 0) return { kind: 'harmless' }
  if (points !== undefined && points > 0) {
    const { score, threshold, windowMs } = core.standing(source).find(({ rule }) => rule === hit.rule)!
    // A ban spends the score: what it was stands in the decision.
    const spent = decisions.find((decision) => decision.kind === 'ban' || decision.kind === 'refused')
    return { kind: 'counted', points, standing: { score: spent?.score ?? score, threshold, windowMs } }
  }
  const ban = core.bans().find(({ rule, network }) => rule === hit.rule && contains(network, source))
  return ban ? { kind: 'banned', until: ban.until } : { kind: 'free' }
}
