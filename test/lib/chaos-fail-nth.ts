import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { type Failing, operations, type Target } from './chaos-fail-faults.ts'
import { type Outcome, type Scene, Stage } from './chaos-fail-scene.ts'
import { chosenSeed, randomFrom } from './chaos-random.ts'

/** A scene with calls that fail: one, or so many one after the other. */
interface Case extends Failing {
  readonly scene: Scene
}

const IN_A_ROW = 4
/** More than processors: a daemon mostly waits. */
const STAGES = 4
const REPORTED_MAX = 10

export interface FailNth {
  readonly scenes: readonly Scene[]
  readonly targets: readonly Target[]
  /** Only so many cases, chosen by the seed; all without it. */
  readonly share?: number
}

/**
 * Counts the calls of a scene in which nothing fails, then plays it once for each call and each way in which that can fail,
 * in turn alone and with the next three. Prints what came of it, and fails where anything was lost.
 */
export async function failNth(t: TestContext, { scenes, targets, share }: FailNth): Promise<void> {
  const seed = chosenSeed()
  if (share !== undefined) t.diagnostic(`CHAOS_SEED=${seed}`)
  const stages = await Promise.all(Array.from({ length: STAGES }, () => Stage.build(t)))
  const all: Case[] = []
  for (const scene of scenes) for (const target of targets) all.push(...(await casesOf(stages[0]!, scene, target)))
  const cases = share === undefined ? all : chosen(all, share, seed)

  const outcomes = new Map<Case, Outcome>()
  const waiting = cases.values()
  await Promise.all(
    stages.map(async (stage) => {
      for (const one of waiting) outcomes.set(one, await stage.play(one.scene, one.operation.target, one))
    }),
  )
  for (const line of tableOf(all, outcomes)) t.diagnostic(line)
  const failed = [...outcomes].filter(([, { kind }]) => kind === 'failed')
  for (const [one, { faults, report }] of failed.slice(0, REPORTED_MAX))
    t.diagnostic(`${wordsOf(one)}: ${faults.join('; ')}\n${report}`)
  assert.deepEqual(
    failed.map(([one, { faults }]) => `${wordsOf(one)}: ${faults.join('; ')}`),
    [],
  )
  const reached = [...outcomes.values()].filter(({ kind }) => kind !== 'not reached')
  assert.ok(reached.length > outcomes.size / 2, 'most faults came to pass')
}

async function casesOf(stage: Stage, scene: Scene, target: Target): Promise<Case[]> {
  const { counts, faults, report } = await stage.play(scene, target)
  assert.deepEqual(faults, [], `${scene}: nothing fails\n${report}`)
  return operations.flatMap((operation) => {
    if (operation.target !== target) return []
    const calls = counts.get(operation.call) ?? 0
    return operation.faults.flatMap((fault, f) =>
      Array.from({ length: calls }, (_, i): Case => {
        const first = i + 1
        return { scene, operation, fault, first, last: (first + f) % 2 === 0 ? first : first + IN_A_ROW - 1 }
      }),
    )
  })
}

function chosen(cases: readonly Case[], share: number, seed: number): Case[] {
  const random = randomFrom(seed)
  const order = cases.map((one) => ({ one, by: random() })).sort((a, b) => a.by - b.by)
  return order.slice(0, share).map(({ one }) => one)
}

/** A line for each operation of each scene: its faults, how many calls there are, and what came of them. */
function tableOf(all: readonly Case[], outcomes: ReadonlyMap<Case, Outcome>): string[] {
  const nameOf = ({ scene, operation }: Case) => `${scene}, ${operation.target}: ${operation.call}`
  return [...Map.groupBy(all, nameOf)].map(([name, cases]) => {
    const kinds = Map.groupBy(
      cases.flatMap((one) => outcomes.get(one)?.kind ?? []),
      (kind) => kind,
    )
    const came = [...kinds].sort().map(([kind, { length }]) => `${length} ${kind}`)
    const calls = Math.max(...cases.map(({ first }) => first))
    return `${name}, N 1-${calls}, ${cases[0]!.operation.faults.join(' / ')}: ${came.join(', ') || 'none chosen'}`
  })
}

function wordsOf({ scene, operation, fault, first, last }: Case): string {
  return `${scene}, ${operation.target}: ${operation.call} ${first === last ? first : `${first}-${last}`}, ${fault}`
}
