import type { CommandResult, Dialect, Table } from '../../firewall/firewall.ts'
import { dialectOf } from '../../firewall/index.ts'
import type { Runner } from '../../firewall/runner.ts'
import { type Finding, ok, warning, wrong } from './finding.ts'
import { orders } from './order.ts'

export interface TableView {
  readonly findings: readonly Finding[]
  /** The firewall has answered. */
  readonly isAnswered: boolean
}

/** Asks the firewall of a table whether all is there by which it blocks, and what goes past it. Changes nothing. */
export async function viewOfTable(table: Table, run: Runner): Promise<TableView> {
  const about = `table ${table.name}`
  const dialect = dialectOf(table.kind)!
  const [fault] = dialect.faults(table)
  if (fault !== undefined) return unanswered(wrong(about, fault, 'mend it in parameters.ts'))
  if (table.kind === 'dryRun')
    return unanswered(
      warning(
        about,
        'it is a dry run: nothing is blocked',
        'give it the function of a firewall in parameters.ts, such as nftables()',
      ),
    )

  const results: CommandResult[] = []
  for (const step of dialect.check(table)) {
    const result = await run(step)
    if (result.status !== 0) return unanswered(notAsked(about, dialect, table, result))
    results.push(result)
  }
  const missing = dialect.missing(table, results)
  if (missing !== undefined) {
    const todo = 'the daemon puts it back within seconds; see that it runs, what it says, and who takes it away'
    return { findings: [wrong(about, `${table.kind}: ${missing} is missing`, todo)], isAnswered: true }
  }
  const unmet = dialect.unmet?.(table, results)
  const remarks = await pastOurs(table, run)
  const found = [...(unmet === undefined ? [] : [unmetFinding(about, unmet)]), ...remarks.map((remark) => ({ about, ...remark }))]
  return { findings: found.length > 0 ? found : [ok(about, allIsThere(table))], isAnswered: true }
}

function unanswered(finding: Finding): TableView {
  return { findings: [finding], isAnswered: false }
}

async function pastOurs(table: Table, run: Runner) {
  const order = orders.get(table.kind)
  if (order === undefined) return []
  const { via } = table.options
  const results: CommandResult[] = []
  for (const question of order.questions(table))
    results.push(await run(typeof via === 'string' ? { ...question, via } : question))
  return order.remarks(table, results)
}

/** `why; what to do`, as a dialect words it. */
function unmetFinding(about: string, sentence: string): Finding {
  const [says = '', ...todo] = sentence.split('; ')
  return wrong(about, says, todo.join('; '))
}

function notAsked(about: string, dialect: Dialect, table: Table, result: CommandResult): Finding {
  const [says, ...todo] = dialect.explain(table, result)?.sentence.split('; ') ?? []
  const words = result.stderr.trim().split('\n')[0] || result.trouble || `exit status ${result.status}`
  const isOurs = process.geteuid?.() === 0
  const because = says ?? `${dialect.kind} cannot be asked: ${words}`
  const advice = todo.join('; ') || 'see what it says when it is run by hand'
  return isOurs ? wrong(about, because, advice) : warning(about, because, 'run this as root')
}

/** Says also what about Docker, since everybody asks. */
function allIsThere({ kind }: Table): string {
  switch (kind) {
    case 'nftables':
    case 'ipset':
      return `${kind}: sets and rules are there, at prerouting: the host, forwarded packets and containers are behind them, and nothing goes past`
    case 'pf':
      return 'pf is enabled, the table is there, and no rule before the one that blocks passes'
    case 'route':
    case 'bsdRoute':
      return `${kind}: all is there by which no answer is sent`
    default:
      return `${kind}: all that we can ask for is there`
  }
}
