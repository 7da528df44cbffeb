import { isAbsolute } from 'node:path'
import { CaptureSource, type CreateProgram, captureArgv, deviceOf } from './capture.ts'
import { CaptureFileSource } from './capture-file.ts'
import { CaptureOrReader } from './capture-or-reader.ts'
import { CommandSource } from './command.ts'
import { JSON_BYTES_MAX, openDocker } from './docker.ts'
import { FileOrReader, type FileOrReaderOptions } from './file-or-reader.ts'
import { GlobLogs } from './glob.ts'
import { JournalSource, journalFault } from './journal.ts'
import type { ReaderLink } from './reader-link.ts'
import type { LogsContext, OpenLogs, Source, SourceContext } from './source.ts'
import { StdinSource } from './stdin.ts'
import { SyslogSource } from './syslog.ts'
import { parseSyslogAddress, syslogFault } from './syslog-address.ts'
import { isGlob, matchesGlob } from './wildcards.ts'

export interface LogsOptions {
  /** Where a log without a position begins that is there already: with what is in it, or with what is written from now on. */
  readonly startAt?: 'start' | 'end'
  /** The programs that `command:NAME` stands for, by name. */
  readonly commands?: ReadonlyMap<string, readonly string[]>
  /** Who reads what is closed to us; undefined where nobody does. */
  readonly reader?: ReaderLink | undefined
}

/** A kind of source with a scheme: `scheme:rest` is a key of `logs`. */
interface SourceKind {
  /** As it stands in a message. */
  readonly form: string
  /** What is wrong with the rest of a key. */
  fault(rest: string): string | undefined
  open(key: string, rest: string, context: LogsContext, options: LogsOptions): OpenLogs
}

const kinds: Readonly<Record<string, SourceKind>> = {
  journal: {
    form: 'journal:UNIT',
    fault: journalFault,
    open: (key, rest, context, { startAt }) =>
      openOne(key, context, (one) => new JournalSource(key, rest, one, { ...(startAt && { startAt }) })),
  },
  command: {
    form: 'command:NAME',
    fault: (rest) => (rest === '' ? 'write "command:NAME", a name that stands in commands.json' : undefined),
    open(key, rest, context, { commands }) {
      const argv = commands?.get(rest)
      if (!argv) throw new Error(`${key}: commands.json has no such command`)
      return openOne(key, context, (one) => new CommandSource(key, argv, one))
    },
  },
  syslog: {
    form: 'syslog:udp://ADDRESS:PORT',
    fault: syslogFault,
    open: (key, rest, context) => openOne(key, context, (one) => new SyslogSource(key, parseSyslogAddress(rest)!, one)),
  },
  docker: {
    form: 'docker:PATH',
    fault: (rest) => pathFault(rest) && 'write "docker:/var/lib/docker/containers/*/*-json.log"',
    open: (key, rest, context, { startAt, reader }) =>
      openDocker(key, context, (files) =>
        openPath(rest, files, { lineBytesMax: JSON_BYTES_MAX, reader, ...(startAt && { startAt }) }),
      ),
  },
  pflog: {
    form: 'pflog:INTERFACE',
    fault: (rest) =>
      isInterface(rest) || (isAbsolute(rest) && !isGlob(rest))
        ? undefined
        : 'write "pflog:pflog0", an interface that pf logs to, or "pflog:/var/log/pflog", what pflogd writes',
    open: (key, rest, context, { startAt, reader }) =>
      isAbsolute(rest)
        ? openOne(key, context, (one) => new CaptureFileSource(key, rest, one, { ...(startAt && { startAt }) }))
        : openCapture(key, context, reader),
  },
  nflog: {
    form: 'nflog:GROUP',
    fault: (rest) => (isGroup(rest) ? undefined : 'write "nflog:5", the group that a rule logs to'),
    open: (key, _rest, context, { reader }) => openCapture(key, context, reader),
  },
  stdin: {
    form: 'stdin:',
    fault: (rest) => (rest === '' ? undefined : 'write "stdin:", with nothing after it'),
    open: (key, _rest, context) => openOne(key, context, (one) => new StdinSource(key, one)),
  },
}

/** The schemes there are, each with the form of its keys. */
export const logSchemes: ReadonlyMap<string, string> = new Map(Object.entries(kinds).map(([scheme, { form }]) => [scheme, form]))

/** What is wrong with a key of `logs`, and what to do; undefined where it can be opened. */
export function logKeyFault(key: string): string | undefined {
  const { scheme, rest } = splitKey(key)
  if (scheme !== undefined) {
    const kind = kindOf(scheme)
    return kind
      ? kind.fault(rest)
      : `there is no source "${scheme}:"; there are paths, globs and ${[...logSchemes.values()].join(', ')}`
  }
  return pathFault(key)
}

/** Opens a key of `logs`; `onOpened` and the first `onReady` come before it returns. Throws where `logKeyFault` finds a fault. */
export function openLogs(key: string, context: LogsContext, options: LogsOptions = {}): OpenLogs {
  const fault = logKeyFault(key)
  if (fault) throw new Error(`${key}: ${fault}`)
  const { scheme, rest } = splitKey(key)
  const { startAt, reader } = options
  return scheme === undefined
    ? openPath(key, context, { reader, ...(startAt && { startAt }) })
    : kindOf(scheme)!.open(key, rest, context, options)
}

/** True where a log is one of those that the key stands for. */
export function isLogOf(key: string, log: string): boolean {
  const [ofKey, ofLog] = [splitKey(key), splitKey(log)]
  const isPath = ofKey.scheme === undefined || ofKey.scheme === 'docker'
  return key === log || (isPath && ofKey.scheme === ofLog.scheme && isGlob(ofKey.rest) && matchesGlob(ofKey.rest, ofLog.rest))
}

function pathFault(path: string): string | undefined {
  if (!isAbsolute(path)) return 'a log is a whole path, beginning with "/"'
  if (path.includes('**')) return '"**" is not understood; name each folder, "*" stands for one'
  return undefined
}

function openPath(path: string, context: LogsContext, options: FileOrReaderOptions): OpenLogs {
  return isGlob(path)
    ? new GlobLogs(path, context, options)
    : openOne(path, context, (one) => new FileOrReader(path, one, options))
}

function openCapture(key: string, context: LogsContext, reader: ReaderLink | undefined): OpenLogs {
  const createProgram = reader && ((...of: Parameters<CreateProgram>) => new CaptureOrReader(...of, reader))
  return openOne(key, context, (one) => new CaptureSource(key, captureArgv(deviceOf(key)), one, createProgram))
}

/** A key that is one log. */
function openOne(key: string, context: LogsContext, open: (one: SourceContext) => Source): OpenLogs {
  const { say, now } = context
  const source: Source = open({ position: context.positionOf(key), onReady: () => context.onReady(source), say, now })
  context.onOpened(source)
  context.onReady(source)
  return { key, sources: [source], waitingFor: undefined, close: () => source.close() }
}

function isInterface(text: string): boolean {
  return /^[a-z][\w.]{0,14}$/i.test(text)
}

/** A group has 16 bits. */
function isGroup(text: string): boolean {
  return /^(?:0|[1-9]\d{0,4})$/.test(text) && Number(text) < 2 ** 16
}

function splitKey(key: string): { readonly scheme: string | undefined; readonly rest: string } {
  const match = /^([a-z][a-z0-9-]*):(.*)$/s.exec(key)
  return { scheme: match?.[1], rest: match?.[2] ?? key }
}

function kindOf(scheme: string): SourceKind | undefined {
  return Object.hasOwn(kinds, scheme) ? kinds[scheme] : undefined
}
