import { isAbsolute } from 'node:path'
import { WireError } from '../base/frames.ts'
import { isRecord } from '../base/value.ts'
import { isFilePosition } from '../sources/file.ts'
import type { Ask } from '../sources/reader-link.ts'
import { type EngineSays, READER_WIRE_VERSION } from './wire.ts'

const PATH_LENGTH_MAX = 4_096
const POSITION_FILES_MAX = 64
const LINE_BYTES = { min: 1_024, max: 256 * 1_024 } as const

/** A message of an engine, every part of it checked; throws a `WireError`. */
export function checkedMessage(message: unknown): EngineSays {
  const said = recordOf(message, 'a message')
  if ('hello' in said) {
    onlyKeys(said, ['hello'])
    if (said.hello !== READER_WIRE_VERSION)
      throw new WireError(
        `engine and reader are of different versions (${String(said.hello)}, ${READER_WIRE_VERSION}); restart both`,
      )
    return { hello: READER_WIRE_VERSION }
  }
  const { id, ...what } = said
  if (!Number.isSafeInteger(id) || (id as number) < 1) throw new WireError('a message has no number')
  const numbered = { id: id as number }
  const [kind, ...others] = Object.keys(what)
  if (others.length > 0) throw new WireError('a message says two things')
  switch (kind) {
    case 'follow':
      return { ...numbered, follow: askOf(what.follow) }
    case 'list':
      return { ...numbered, list: textOf(what.list) }
    case 'taken':
    case 'numbers':
    case 'end':
      if (what[kind] !== true) throw new WireError(`${kind} is not true`)
      return { ...numbered, [kind]: true } as EngineSays
    default:
      throw new WireError('there is no such message')
  }
}

function askOf(value: unknown): Ask {
  const { kind, ...rest } = recordOf(value, 'follow')
  if (kind === 'capture') {
    onlyKeys(rest, ['key'])
    return { kind, key: textOf(rest.key) }
  }
  if (kind !== 'file') throw new WireError('there is no such log')
  onlyKeys(rest, ['path', 'position', 'startAt', 'isNew', 'lineBytesMax'])
  const { position, startAt, isNew, lineBytesMax } = rest
  const path = textOf(rest.path)
  if (!isAbsolute(path)) throw new WireError('a path is not whole')
  if (position !== undefined && !(isFilePosition(position) && position.files.length <= POSITION_FILES_MAX))
    throw new WireError('a position is none of a file')
  if (startAt !== undefined && startAt !== 'start' && startAt !== 'end') throw new WireError('startAt is neither start nor end')
  if (isNew !== undefined && typeof isNew !== 'boolean') throw new WireError('isNew is neither true nor false')
  if (lineBytesMax !== undefined && !isBetween(lineBytesMax, LINE_BYTES)) throw new WireError('lineBytesMax is out of range')
  return {
    kind,
    path,
    ...(position !== undefined && { position }),
    ...(startAt !== undefined && { startAt }),
    ...(isNew !== undefined && { isNew }),
    ...(lineBytesMax !== undefined && { lineBytesMax }),
  }
}

function isBetween(value: unknown, { min, max }: { readonly min: number; readonly max: number }): value is number {
  return Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max
}

function textOf(value: unknown): string {
  if (typeof value !== 'string' || value === '' || value.length > PATH_LENGTH_MAX || value.includes('\0'))
    throw new WireError('a name is none')
  return value
}

function recordOf(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (!isRecord(value)) throw new WireError(`${what} is no record`)
  return value
}

function onlyKeys(record: Readonly<Record<string, unknown>>, known: readonly string[]): void {
  if (Object.keys(record).some((key) => !known.includes(key))) throw new WireError('a message has a key that it must not have')
}
