import type { CompletedCommand } from './tree.ts'

/**
 * For OpenBSD's ksh, which completes by position: the first argument from `complete_log2table_1`, all others from
 * `complete_log2table`, whatever stands before (ksh(1), "complete_"). Files are its own business.
 */
export function kshCompletion(commands: readonly CompletedCommand[]): string {
  const flags = new Set(commands.flatMap(({ options }) => options.flatMap((option) => option.flags)))
  return `# completion of log2table for OpenBSD's ksh: put into ~/.kshrc
set -A complete_log2table_1 -- ${commands.map(({ name }) => name).join(' ')} --socket --help
set -A complete_log2table -- ${[...flags].sort().join(' ')}
`
}
