import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { test } from 'node:test'
import { openScreen } from './screen.ts'

const ENTER = '\x1b[?1049h\x1b[?25l\x1b[?7l'
const LEAVE = '\x1b[?7h\x1b[?25h\x1b[?1049l'

/** A screen, what was written to the terminal, the process that it was opened by, and its keys. */
function open() {
  const written: string[] = []
  const killed: string[] = []
  const pressed: string[] = []
  let resizes = 0
  const signals = Object.assign(new EventEmitter(), {
    pid: 7,
    kill: (_pid: number, signal?: string | number) => Boolean(killed.push(String(signal))),
  })
  const from = Object.assign(new EventEmitter(), {
    isRaw: false,
    isRead: false,
    setRawMode(isRaw: boolean) {
      from.isRaw = isRaw
    },
    resume() {
      from.isRead = true
    },
    pause() {
      from.isRead = false
    },
  })
  const screen = openScreen({
    write: (text) => written.push(text),
    onResize: () => resizes++,
    keys: { from, onKey: (key) => pressed.push(key) },
    signals,
  })
  return { screen, written, killed, pressed, signals, keys: from, resizes: () => resizes }
}

test('a page is drawn over the one before, and what was on the terminal comes back', () => {
  const { screen, written } = open()
  screen.draw(['one', 'two'])
  screen.close()
  screen.draw(['never'])
  screen.close()
  assert.deepEqual(written, [ENTER, '\x1b[H\x1b[Kone\r\n\x1b[Jtwo', LEAVE])
})

test('the terminal is given back when the process exits or fails, whatever the reason, and once', () => {
  for (const event of ['exit', 'uncaughtExceptionMonitor']) {
    const { screen, written, signals, keys } = open()
    signals.emit(event)
    assert.equal(keys.isRaw, false, event)
    signals.emit('exit')
    screen.close()
    assert.deepEqual(written, [ENTER, LEAVE], event)
  }
})

test('a quit gives it back first, and then quits', () => {
  const { written, killed, signals } = open()
  signals.emit('SIGQUIT')
  assert.deepEqual([written, killed], [[ENTER, LEAVE], ['SIGQUIT']])
  for (const event of signals.eventNames()) assert.equal(signals.listenerCount(event), 0, String(event))
})

test('while it is stopped the terminal is as it was, and the page comes back with it', () => {
  const { screen, written, killed, signals, keys, resizes } = open()
  signals.emit('SIGTSTP')
  assert.deepEqual([written, killed, keys.isRaw], [[ENTER, LEAVE], ['SIGSTOP'], false])
  signals.emit('SIGCONT')
  assert.deepEqual([keys.isRaw, resizes()], [true, 1])
  screen.draw(['on'])
  screen.close()
  assert.deepEqual(written.slice(2), [ENTER, '\x1b[H\x1b[Jon', LEAVE])
})

test('keys come one by one; those that end or stop a program do so, though the terminal leaves them to us', () => {
  const { screen, killed, pressed, keys } = open()
  assert.deepEqual([keys.isRaw, keys.isRead], [true, true])
  keys.emit('data', Buffer.from('jq\x03'))
  keys.emit('data', Buffer.from('\x1a\x1c'))
  assert.deepEqual({ pressed, killed }, { pressed: ['j', 'q', '^C'], killed: ['SIGSTOP', 'SIGQUIT'] })
  screen.close()
  assert.deepEqual([keys.isRaw, keys.isRead, keys.listenerCount('data')], [false, false, 0])
})

test('a terminal of another size is cleared, and the page is asked for anew', () => {
  const { written, signals, resizes } = open()
  signals.emit('SIGWINCH')
  assert.deepEqual([written, resizes()], [[ENTER, '\x1b[2J'], 1])
})
