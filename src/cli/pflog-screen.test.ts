import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { test } from 'node:test'
import { openScreen } from './pflog-screen.ts'

const ENTER = '\x1b[?1049h\x1b[?25l'
const LEAVE = '\x1b[?25h\x1b[?1049l'

/** A screen, what was written to the terminal, and the process that it was opened by. */
function open() {
  const written: string[] = []
  const killed: string[] = []
  const signals = Object.assign(new EventEmitter(), {
    pid: 7,
    kill: (_pid: number, signal?: string | number) => Boolean(killed.push(String(signal))),
  })
  const screen = openScreen((text) => written.push(text), signals)
  return { screen, written, killed, signals }
}

test('a page is drawn over the one before, and what was on the terminal comes back', () => {
  const { screen, written } = open()
  screen.draw(['one', 'two'])
  screen.close()
  screen.draw(['never'])
  screen.close()
  assert.deepEqual(written, [ENTER, '\x1b[Hone\x1b[K\r\ntwo\x1b[K\x1b[J', LEAVE])
})

test('the terminal is given back when the process exits, whatever the reason, and once', () => {
  const { screen, written, signals } = open()
  signals.emit('exit')
  signals.emit('exit')
  screen.close()
  assert.deepEqual(written, [ENTER, LEAVE])
})

test('a quit gives it back first, and then quits', () => {
  const { written, killed, signals } = open()
  signals.emit('SIGQUIT')
  assert.deepEqual([written, killed], [[ENTER, LEAVE], ['SIGQUIT']])
  assert.equal(signals.listenerCount('SIGQUIT'), 0)
})

test('while it is stopped the terminal is as it was, and the page comes back with it', () => {
  const { screen, written, killed, signals } = open()
  signals.emit('SIGTSTP')
  assert.deepEqual([written, killed], [[ENTER, LEAVE], ['SIGSTOP']])
  signals.emit('SIGCONT')
  screen.draw(['on'])
  screen.close()
  assert.deepEqual(written.slice(2), [ENTER, '\x1b[Hon\x1b[K\x1b[J', LEAVE])
})
