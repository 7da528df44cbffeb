import { fstatSync } from 'node:fs'
import { Option, type Command as Syntax } from 'commander'
import { type Level, type Log, type LogFormat, levels, logFormats, logTo } from '../base/log.ts'
import type { Io } from './command.ts'

/** Of every command that works in the background. */
export interface OwnLogOptions {
  readonly detail?: boolean
  readonly logLevel?: Level
  readonly logFormat?: LogFormat
}

export function declareOwnLog(syntax: Syntax): Syntax {
  return syntax
    .option('-d, --detail', 'say more, for finding out what is going on: the same as --log-level detail')
    .addOption(new Option('--log-level <level>', 'what to say at least: error, warning, info or detail').choices(levels))
    .addOption(
      new Option(
        '--log-format <format>',
        'text, json, or journald, which marks how much a line matters (default: journald where standard error is the journal, else text)',
      ).choices(logFormats),
    )
}

/** Our own log on standard error. */
export function ownLog({ stderr, env, now }: Pick<Io, 'stderr' | 'env' | 'now'>, options: OwnLogOptions): Log {
  const { detail = false, logLevel, logFormat } = options
  const level = logLevel ?? (detail ? 'detail' : 'info')
  const format = logFormat ?? (isJournal(env) ? 'journald' : 'text')
  return logTo((line) => stderr.write(`${line}\n`), { level, format, now })
}

/** The same options for a process that this one starts. */
export function ownLogArguments({ detail, logLevel, logFormat }: OwnLogOptions): readonly string[] {
  return [
    ...(detail ? ['--detail'] : []),
    ...(logLevel === undefined ? [] : ['--log-level', logLevel]),
    ...(logFormat === undefined ? [] : ['--log-format', logFormat]),
  ]
}

/** systemd says which descriptor of its making is the journal; ours may have been sent elsewhere since. */
function isJournal({ JOURNAL_STREAM }: Io['env']): boolean {
  if (!JOURNAL_STREAM) return false
  const { dev, ino } = fstatSync(2, { bigint: true })
  return JOURNAL_STREAM === `${dev}:${ino}`
}
