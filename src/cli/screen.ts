const ALTERNATE_SCREEN = '\x1b[?1049'
const CURSOR = '\x1b[?25'
/** What is too long, because a terminal draws some letters wider than one column, must not move the lines below. */
const WRAPPING = '\x1b[?7'
const ENTER = `${ALTERNATE_SCREEN}h${CURSOR}l${WRAPPING}l`
const LEAVE = `${WRAPPING}h${CURSOR}h${ALTERNATE_SCREEN}l`
const HOME = '\x1b[H'
const CLEAR = '\x1b[2J'
/** Each stands before the text of a line: after it, it would take the last letter of one as wide as the terminal. */
const CLEAR_LINE = '\x1b[K'
const CLEAR_BELOW = '\x1b[J'

const INTERRUPT = '\x03'
const SUSPEND = '\x1a'
const QUIT = '\x1c'

/** The terminal as one page that is drawn over, beside what was on it, which comes back when it is closed. */
export interface Screen {
  /** As many lines as fit. */
  draw(lines: readonly string[]): void
  close(): void
}

export interface ScreenOptions {
  readonly write: (text: string) => void
  /** The terminal has another size now. */
  readonly onResize?: () => void
  /** Keys go here, one by one and without being shown; ^C is one. Undefined where nobody wants them. */
  readonly keys?: { readonly from: Keyboard; readonly onKey: (key: string) => void } | undefined
  readonly signals?: NodeJS.EventEmitter & Killing
}

/** As `process.stdin` is on a terminal. */
export interface Keyboard extends NodeJS.EventEmitter {
  setRawMode(isRaw: boolean): unknown
  resume(): unknown
  pause(): unknown
}

/** As `process` is. */
interface Killing {
  readonly pid: number
  kill(pid: number, signal: NodeJS.Signals): unknown
}

/** The keys of a terminal, where it can give them one by one. */
export function keyboardOf(stdin: NodeJS.ReadableStream): Keyboard | undefined {
  return 'setRawMode' in stdin && 'isTTY' in stdin && stdin.isTTY ? (stdin as Keyboard & typeof stdin) : undefined
}

/** Takes the terminal, and gives it back however the process ends, unless it is killed; also while it is stopped by ^Z. */
export function openScreen({ write, onResize = () => {}, keys, signals = process }: ScreenOptions): Screen {
  let isOpen = false
  const enter = () => {
    if (!isOpen) write(ENTER)
    isOpen = true
    keys?.from.setRawMode(true)
  }
  const leave = () => {
    if (!isOpen) return
    isOpen = false
    keys?.from.setRawMode(false)
    write(LEAVE)
  }
  const quit = () => {
    close()
    signals.kill(signals.pid, 'SIGQUIT')
  }
  const stop = () => {
    leave()
    signals.kill(signals.pid, 'SIGSTOP')
  }
  const goOn = () => {
    enter()
    onResize()
  }
  const resize = () => {
    // Some terminals have broken lines anew by now.
    if (isOpen) write(CLEAR)
    onResize()
  }
  const onData = (data: Buffer | string) => {
    for (const key of data.toString()) {
      if (key === SUSPEND) stop()
      else if (key === QUIT) quit()
      else keys?.onKey(key === INTERRUPT ? '^C' : key)
    }
  }
  // What an error says comes after the page, and not on it.
  const handlers = { exit: leave, uncaughtExceptionMonitor: leave, SIGQUIT: quit, SIGTSTP: stop, SIGCONT: goOn, SIGWINCH: resize }
  const close = () => {
    leave()
    for (const [name, handler] of Object.entries(handlers)) signals.off(name, handler)
    keys?.from.off('data', onData)
    keys?.from.pause()
  }
  for (const [name, handler] of Object.entries(handlers)) signals.on(name, handler)
  enter()
  keys?.from.on('data', onData)
  keys?.from.resume()
  return {
    draw(lines) {
      const cleared = lines.map((line, row) => `${row < lines.length - 1 ? CLEAR_LINE : CLEAR_BELOW}${line}`)
      if (isOpen) write(`${HOME}${cleared.join('\r\n')}`)
    },
    close,
  }
}
