import { isAbsolute } from 'node:path'
import { FileSource } from './file.ts'
import { GlobLogs } from './glob.ts'
import type { LogsContext, OpenLogs, Source, SourceContext } from './source.ts'
import { StdinSource } from './stdin.ts'
import { isGlob, matchesGlob } from './wildcards.ts'

export interface LogsOptions {
  /** Where a log without a position begins that is there already: with what is in it, or with what is written from now on. */
  readonly startAt?: 'start' | 'end'
}

/** A kind of source with a scheme: `scheme:rest` is a key of `logs`. */
interface SourceKind {
  /** As it stands in a message. */
  readonly form: string
  /** What is wrong with the rest of a key. */
  fault(rest: string): string | undefined
  open(log: string, rest: string, context: SourceContext): Source
}

const kinds: Readonly<Record<string, SourceKind>> = {
  stdin: {
    form: 'stdin:',
    fault: (rest) => (rest === '' ? undefined : 'write "stdin:", with nothing after it'),
    open: (log, _rest, context) => new StdinSource(log, context),
  },
}

/** What is wrong with a key of `logs`, and what to do; undefined where it can be opened. */
export function logKeyFault(key: string): string | undefined {
  const { scheme, rest } = splitKey(key)
  if (scheme !== undefined) {
    const kind = kindOf(scheme)
    const forms = Object.values(kinds).map(({ form }) => form)
    return kind ? kind.fault(rest) : `there is no source "${scheme}:"; there are paths, globs and ${forms.join(', ')}`
  }
  if (!isAbsolute(key)) return 'a log is a whole path, beginning with "/"'
  if (key.includes('**')) return '"**" is not understood; name each folder, "*" stands for one'
  return undefined
}

/** Opens a key of `logs`; `onOpened` and the first `onReady` come before it returns. Throws where `logKeyFault` finds a fault. */
export function openLogs(key: string, context: LogsContext, options: LogsOptions = {}): OpenLogs {
  const fault = logKeyFault(key)
  if (fault) throw new Error(`${key}: ${fault}`)
  const { scheme, rest } = splitKey(key)
  if (scheme === undefined && isGlob(key)) return new GlobLogs(key, context, options)
  const source: Source =
    scheme === undefined ? new FileSource(key, sourceContext(), options) : kindOf(scheme)!.open(key, rest, sourceContext())
  context.onOpened(source)
  context.onReady(source)
  return { key, sources: [source], waitingFor: undefined, close: () => source.close() }

  function sourceContext(): SourceContext {
    const { say, now } = context
    return { position: context.positionOf(key), onReady: () => context.onReady(source), say, now }
  }
}

/** True where a log is one of those that the key stands for. */
export function isLogOf(key: string, log: string): boolean {
  return key === log || (splitKey(key).scheme === undefined && isGlob(key) && matchesGlob(key, log))
}

function splitKey(key: string): { readonly scheme: string | undefined; readonly rest: string } {
  const match = /^([a-z][a-z0-9-]*):(.*)$/s.exec(key)
  return { scheme: match?.[1], rest: match?.[2] ?? key }
}

function kindOf(scheme: string): SourceKind | undefined {
  return Object.hasOwn(kinds, scheme) ? kinds[scheme] : undefined
}
