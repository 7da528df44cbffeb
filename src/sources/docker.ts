import type { Json } from '../base/units.ts'
import { type Beginnings, ContainerLines } from '../lines/docker-json.ts'
import {
  type Block,
  type FileIdentity,
  LINE_BYTES_MAX,
  type LogsContext,
  type OpenLogs,
  type Source,
  type SourceState,
} from './source.ts'

/**
 * The longest line of a json-file: Docker cuts a container's line at 16 KiB, of which a byte can become six (`\u0000`), and
 * puts the time and some labels beside it.
 */
export const JSON_BYTES_MAX = 128 * 1024

/** What is committed: the file's own position, and the beginnings of lines that were read before it. */
interface Position {
  readonly file: Json
  readonly begun: Beginnings
}

/**
 * Opens Docker's json-files. Each is followed as a file is, through rotation and all; its log is called `docker:PATH`, and
 * its lines are those that the container wrote.
 */
export function openDocker(key: string, context: LogsContext, openFiles: (context: LogsContext) => OpenLogs): OpenLogs {
  const sources = new Map<Source, DockerSource>()
  const files = openFiles({
    say: context.say,
    now: () => context.now(),
    positionOf: (path) => positionOf(context, path)?.file,
    isFollowed: (file) => context.isFollowed(file),
    onOpened(file) {
      const source = new DockerSource(file, context, positionOf(context, file.log)?.begun)
      sources.set(file, source)
      context.onOpened(source)
    },
    onReady(file) {
      const source = sources.get(file)
      if (source) context.onReady(source)
    },
    onClosed(file) {
      const source = sources.get(file)
      if (source) context.onClosed(source)
      sources.delete(file)
    },
  })
  return {
    key,
    get sources() {
      return [...sources.values()]
    },
    get waitingFor() {
      return files.waitingFor
    },
    close: () => files.close(),
  }
}

/** The lines of one container. */
class DockerSource implements Source {
  readonly log: string
  readonly #file: Source
  readonly #context: LogsContext
  readonly #lines: ContainerLines
  /** As it was when the file was last read. */
  #overlongBefore = 0
  #hasSaid = false

  constructor(file: Source, context: LogsContext, begun: Beginnings | undefined) {
    this.log = logOf(file.log)
    this.#file = file
    this.#context = context
    this.#lines = new ContainerLines(LINE_BYTES_MAX, begun)
  }

  get state(): SourceState {
    const state = this.#file.state
    return { ...state, overlongLines: state.overlongLines + this.#lines.overlong, lostLines: this.#lines.unreadable }
  }

  read(): Block | undefined {
    const block = this.#file.read()
    if (!block) return undefined
    const { overlongLines } = this.#file.state
    if (overlongLines > this.#overlongBefore) this.#lines.skip()
    this.#overlongBefore = overlongLines
    const times = new Map<number, number | undefined>()
    const parts: Buffer[] = []
    let length = 0
    for (const json of linesOf(block.bytes)) {
      for (const { text, at } of this.#lines.add(json)) {
        const bytes = Buffer.from(`${text}\n`)
        times.set(length, at)
        parts.push(bytes)
        length += bytes.length
      }
    }
    this.#tellUnreadable()
    const position = { file: block.position, begun: this.#lines.begun }
    // Offsets are those of the file's lines: where the text is of one that began in an earlier block, they run ahead.
    return { ...block, bytes: Buffer.concat(parts, length), timeOf: (start) => times.get(start), position }
  }

  get isCatchingUp(): boolean {
    return this.#file.isCatchingUp ?? false
  }

  follows(file: FileIdentity): boolean {
    return this.#file.follows?.(file) ?? false
  }

  close(): void {
    this.#file.close()
  }

  #tellUnreadable(): void {
    if (this.#hasSaid || this.#lines.unreadable === 0) return
    this.#hasSaid = true
    this.#context.say('warning', `${this.log}: holds lines that Docker's json-file driver does not write; they are left out`)
  }
}

function logOf(path: string): string {
  return `docker:${path}`
}

function linesOf(bytes: Uint8Array): readonly string[] {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8').split('\n').slice(0, -1)
}

function positionOf(context: LogsContext, path: string): Position | undefined {
  const position = context.positionOf(logOf(path))
  return isPosition(position) ? position : undefined
}

function isPosition(value: Json | undefined): value is Json & Position {
  return typeof value === 'object' && value !== null && 'file' in value && 'begun' in value
}
