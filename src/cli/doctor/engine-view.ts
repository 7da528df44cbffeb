import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { ourModule } from '../../base/our-files.ts'
import { SECOND_MS } from '../../base/units.ts'
import type { Table } from '../../firewall/firewall.ts'
import { checkRequest } from '../../firewall/request.ts'
import type { Io } from '../command.ts'
import { type Finding, wrong } from './finding.ts'
import type { LastLine } from './machine.ts'

/** What is seen with the eyes of the daemon's user. */
export interface EngineView {
  readonly findings: readonly Finding[]
  /** Undefined where it has a fault. */
  readonly configuration?: {
    readonly tables: readonly Table[]
    readonly logs: readonly string[]
    /** The socket of the daemon. */
    readonly control: string
  }
  readonly lastLines?: readonly LastLine[]
  /** Keys of `logs` of which only the daemon can tell. */
  readonly others?: readonly string[]
}

/** A configuration has 10 s to load, and a large database takes its time to read. */
const VIEW_MS_MAX = 120 * SECOND_MS

const side = fileURLToPath(ourModule('cli/doctor/engine-side'))

/** Has a process that is not root's run the configuration and look. What it says of tables is checked like any request of the engine's. */
export async function engineView(folder: string, { env, now }: Pick<Io, 'env' | 'now'>): Promise<EngineView> {
  const child = fork(side, [folder], { env, stdio: ['ignore', 'ignore', 'ignore', 'ipc'], timeout: VIEW_MS_MAX })
  const view = await new Promise<EngineView | undefined>((resolve) => {
    child.once('message', (message) => resolve(message as EngineView))
    child.once('close', () => resolve(undefined))
    child.once('error', () => resolve(undefined))
  })
  try {
    if (view === undefined || !isView(view)) throw new Error('it gave no answer')
    if (view.configuration) checkRequest({ kind: 'declare', tables: view.configuration.tables }, now())
    return view
  } catch (error) {
    const says = `what looks at the configuration as the daemon's user has failed: ${(error as Error).message}`
    return { findings: [wrong('configuration', says, `see what "log2table check --config ${folder}" says`)] }
  }
}

/** The process has run configuration, which may say what it likes. */
function isView({ findings, configuration, lastLines = [], others = [] }: EngineView): boolean {
  const areTexts = (...values: readonly unknown[]) => values.every((value) => typeof value === 'string')
  return (
    findings.every(
      ({ about, state, says, todo = '' }) => ['ok', 'warning', 'wrong'].includes(state) && areTexts(about, says, todo),
    ) &&
    lastLines.every(({ log, saidAt, writtenAt }) => areTexts(log) && Number.isFinite(saidAt) && Number.isFinite(writtenAt)) &&
    areTexts(...others, configuration?.control ?? '')
  )
}
