const ENTER = '\x1b[?1049h\x1b[?25l'
const LEAVE = '\x1b[?25h\x1b[?1049l'
const HOME = '\x1b[H'
const CLEAR_TO_END_OF_LINE = '\x1b[K'
const CLEAR_BELOW = '\x1b[J'

/** The terminal as one page that is drawn over, beside what was on it, which comes back when it is closed. */
export interface Screen {
  /** As many lines as fit. */
  draw(lines: readonly string[]): void
  close(): void
}

/** As `process` is. */
interface Killing {
  readonly pid: number
  kill(pid: number, signal: NodeJS.Signals): unknown
}

/** Takes the terminal, and gives it back however the process ends, unless it is killed; also while it is stopped by ^Z. */
export function openScreen(write: (text: string) => void, signals: NodeJS.EventEmitter & Killing = process): Screen {
  let isOpen = false
  const enter = () => {
    if (!isOpen) write(ENTER)
    isOpen = true
  }
  const leave = () => {
    if (isOpen) write(LEAVE)
    isOpen = false
  }
  const quit = () => {
    close()
    signals.kill(signals.pid, 'SIGQUIT')
  }
  const stop = () => {
    leave()
    signals.kill(signals.pid, 'SIGSTOP')
  }
  const close = () => {
    leave()
    signals.off('exit', leave).off('SIGQUIT', quit).off('SIGTSTP', stop).off('SIGCONT', enter)
  }
  enter()
  signals.on('exit', leave).on('SIGQUIT', quit).on('SIGTSTP', stop).on('SIGCONT', enter)
  return {
    draw(lines) {
      if (isOpen) write(`${HOME}${lines.map((line) => `${line}${CLEAR_TO_END_OF_LINE}`).join('\r\n')}${CLEAR_BELOW}`)
    },
    close,
  }
}
