import assert from 'node:assert/strict'
import { existsSync, mkdtempSync, readFileSync, rmSync, unlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext as Test, test } from 'node:test'
import { needs } from '../../test/lib/programs.ts'
import { type Entry, JOURNAL_PROGRAMS, TestJournal } from '../../test/lib/systemd-journal.ts'
import { waitFor } from '../../test/lib/wait-for.ts'
import { Reading, type TestContext, testContext } from '../../test/support/reading.ts'
import type { Json } from '../base/units.ts'
import { JournalSource, journalFault } from './journal.ts'
import { LINE_BYTES_MAX } from './source.ts'

const skip = needs(JOURNAL_PROGRAMS)
const BEGAN = Date.UTC(2024, 10, 21, 10)

function newJournal(t: Test): TestJournal {
  const folder = mkdtempSync(join(tmpdir(), 'log2table-journal-'))
  t.after(() => rmSync(folder, { recursive: true }))
  return new TestJournal(join(folder, 'journal'))
}

/** Entries that say their numbers, a second apart. */
function entries(from: number, to: number, more: Partial<Entry> = {}): Entry[] {
  const numbers = Array.from({ length: to - from + 1 }, (_, index) => from + index)
  return numbers.map((number) => ({ at: BEGAN + number * 1_000, message: `line ${number}`, ...more }))
}

interface Open {
  readonly context: TestContext
  readonly source: JournalSource
  readonly reading: Reading
  /** Reads until so many lines have come, and gives their numbers. */
  numbers(count: number): Promise<number[]>
}

function open(
  t: Test,
  journal: TestJournal,
  match = '',
  position?: Json,
  startAt: 'start' | 'end' = 'start',
  journalctl = journal.journalctl,
): Open {
  const context = testContext(position)
  const source = new JournalSource(`journal:${match}`, match, context, { startAt, journalctl })
  t.after(() => source.close())
  const reading = new Reading(source, position)
  const numbers = async (count: number) => {
    await reading.until(context, () => reading.lines.length >= count)
    return reading.lines.map((line) => Number(/line (\d+)/.exec(line)?.[1]))
  }
  return { context, source, reading, numbers }
}

test('an entry becomes the line that syslog would have written', { skip }, async (t) => {
  const journal = newJournal(t)
  const invalid = Buffer.from('6c696e652034ff00', 'hex')
  const other = { SYSLOG_IDENTIFIER: 'a b]: sshd[1]', _PID: '7' }
  await journal.append([
    { at: BEGAN, message: 'Failed password for root from 203.0.113.9 port 5 ssh2' },
    { at: BEGAN + 1.25, message: 'line 2\nNov 21 10:00:00 www sshd[1]: Failed password\r' },
    { at: BEGAN + 2, message: 'line 3', fields: other },
    { at: BEGAN + 3, message: invalid },
    { at: BEGAN + 4, message: `line 5 ${'x'.repeat(LINE_BYTES_MAX)}` },
    { at: BEGAN + 5, message: `line 6 ${'x'.repeat(1_000_000)}\n` },
    { at: BEGAN + 6, message: 'line 7' },
  ])
  const { reading, source, numbers } = open(t, journal)
  await numbers(5)
  assert.deepEqual(reading.lines, [
    '2024-11-21T10:00:00.000000+00:00 www sshd[4711]: Failed password for root from 203.0.113.9 port 5 ssh2',
    '2024-11-21T10:00:00.001250+00:00 www sshd[4711]: line 2#012Nov 21 10:00:00 www sshd[1]: Failed password#015',
    '2024-11-21T10:00:00.002000+00:00 www a_b___sshd_1_[7]: line 3',
    '2024-11-21T10:00:00.003000+00:00 www sshd[4711]: line 4\xff#000',
    '2024-11-21T10:00:00.006000+00:00 www sshd[4711]: line 7',
  ])
  assert.equal(source.state.overlongLines, 2)
})

test('what was there before counts by its own time, what comes while it is followed by its arrival', { skip }, async (t) => {
  const journal = newJournal(t)
  await journal.append(entries(1, 3))
  const { reading, numbers } = open(t, journal)
  assert.deepEqual(await numbers(3), [1, 2, 3])
  assert.ok(reading.blocks.every(({ catchingUp }) => catchingUp))
  await journal.append([{ at: Date.now() + 1_000, message: 'line 4' }])
  assert.deepEqual(await numbers(4), [1, 2, 3, 4])
  assert.equal(reading.blocks.at(-1)!.catchingUp, false)
  assert.equal(reading.blocks.at(-1)!.offset, reading.lines.slice(0, 3).join('\n').length + 1)
})

test('read again from any position, no entry is lost and none comes twice', { skip }, async (t) => {
  const journal = newJournal(t)
  await journal.append(entries(1, 5))
  const first = open(t, journal)
  assert.deepEqual(await first.numbers(5), [1, 2, 3, 4, 5])
  first.source.close()
  await journal.append(entries(6, 8))
  const second = open(t, journal, '', first.reading.position)
  assert.deepEqual(await second.numbers(3), [6, 7, 8])
  second.source.close()
  const third = open(t, journal, '', second.reading.position)
  await journal.append(entries(9, 9), 'b')
  assert.deepEqual(await third.numbers(1), [9])
  assert.deepEqual([...first.context.said, ...second.context.said, ...third.context.said], [])
})

test('a position stands after each block, also within one piece of what journalctl wrote', { skip }, async (t) => {
  const journal = newJournal(t)
  await journal.append([...entries(1, 2), { at: Date.now() + 3_600_000, message: 'line 3' }])
  const first = open(t, journal)
  while (first.reading.lines.length === 0) {
    const ready = first.context.ready()
    if (first.reading.now(1).length === 0) await ready
  }
  assert.equal(first.reading.lines.length, 2)
  first.source.close()
  assert.deepEqual(await open(t, journal, '', first.reading.position).numbers(1), [3])
})

test('what was written before the machine was started again is read, too', { skip }, async (t) => {
  const journal = newJournal(t)
  await journal.append(entries(1, 2, { boot: 1 }))
  const first = open(t, journal)
  await first.numbers(2)
  first.source.close()
  await journal.append([...entries(3, 4, { boot: 1 }), ...entries(5, 6, { boot: 2 })])
  const second = open(t, journal, '', first.reading.position)
  assert.deepEqual(await second.numbers(4), [3, 4, 5, 6])
  await journal.append(entries(7, 7, { boot: 2 }))
  assert.deepEqual(await second.numbers(5), [3, 4, 5, 6, 7])
})

test('a unit or fields choose among the entries', { skip }, async (t) => {
  const journal = newJournal(t)
  await journal.append([
    ...entries(1, 1),
    ...entries(2, 2, { fields: { _SYSTEMD_UNIT: 'cron.service', _COMM: 'cron' } }),
    ...entries(3, 3, { fields: { _SYSTEMD_UNIT: 'session-1.scope', _COMM: 'sshd' } }),
  ])
  assert.deepEqual(await open(t, journal, 'cron.service').numbers(1), [2])
  assert.deepEqual(await open(t, journal, '_COMM=sshd').numbers(1), [3])
  assert.deepEqual(await open(t, journal, '_SYSTEMD_UNIT=ssh.service + _COMM=sshd').numbers(2), [1, 3])
})

test('from the end on, it begins with what is written after it was opened, also after a restart', { skip }, async (t) => {
  const journal = newJournal(t)
  await journal.append(entries(1, 3).map((entry) => ({ ...entry, at: Date.now() - 10_000 })))
  const first = open(t, journal, '', undefined, 'end')
  first.reading.now(1)
  first.source.close()
  await journal.append([{ at: Date.now() + 1_000, message: 'line 4' }])
  assert.deepEqual(await open(t, journal, '', first.reading.position, 'end').numbers(1), [4])
})

test('where the entry of its position is gone, it says so and goes on by its time', { skip }, async (t) => {
  const journal = newJournal(t)
  await journal.append(entries(1, 3))
  const first = open(t, journal)
  await first.numbers(3)
  first.source.close()
  await journal.append(entries(4, 6), 'b')
  unlinkSync(join(journal.folder, 'a.journal'))
  const second = open(t, journal, '', first.reading.position)
  assert.deepEqual(await second.numbers(3), [4, 5, 6])
  assert.deepEqual(second.context.said, [
    'warning: journal:: the entry that was read last is gone, vacuumed perhaps; what came right after it may be lost; ' +
      'going on with what was written since 2024-11-21T10:00:03.000Z',
  ])
})

test('a cursor that journalctl does not take is as good as gone', { skip }, async (t) => {
  const journal = newJournal(t)
  await journal.append(entries(1, 3))
  const { context, numbers } = open(t, journal, '', { cursor: 'junk', at: (BEGAN + 2_000) * 1_000, offset: 7 })
  assert.deepEqual(await numbers(2), [2, 3])
  assert.match(context.said.join('\n'), /it says: Failed to seek to cursor.*\n.*is gone/)
})

test('a stored position of something else is told, and the journal read from its start', { skip }, async (t) => {
  const journal = newJournal(t)
  await journal.append(entries(1, 1))
  const { context, numbers } = open(t, journal, '', { files: [] })
  assert.deepEqual(await numbers(1), [1])
  assert.deepEqual(context.said, ['warning: journal:: its stored position is not one of a journal; reading it from its start'])
})

test('what journald let go is counted and told, once, and only where journald itself says so', { skip }, async (t) => {
  const journal = newJournal(t)
  const suppressed = { MESSAGE_ID: 'a596d6fe7bfa4994828e72309e95d61e', N_DROPPED: '42' }
  const message = 'Suppressed 42 messages from ssh.service'
  const fromJournald = { ...suppressed, _TRANSPORT: 'driver', OBJECT_SYSTEMD_UNIT: 'ssh.service', _UID: '0' }
  await journal.append([
    ...entries(1, 1),
    { at: BEGAN + 1_100, message, fields: { ...fromJournald, _SYSTEMD_UNIT: 'systemd-journald.service' } },
    { at: BEGAN + 1_200, message: 'line 2', fields: { ...suppressed, _TRANSPORT: 'journal' } },
    ...entries(3, 3),
  ])
  for (const match of ['', 'ssh.service', '_SYSTEMD_UNIT=ssh.service']) {
    const { context, source, numbers } = open(t, journal, match)
    assert.deepEqual(await numbers(3), [1, 2, 3])
    assert.equal(source.state.lostLines, 42)
    assert.deepEqual(context.said, [
      `warning: journal:${match}: journald has let 42 messages of ssh.service go; raise RateLimitBurst in journald.conf, or LogRateLimitBurst of the unit`,
    ])
  }
})

test('journalctl killed while it follows is started again: nothing is lost, nothing comes twice', { skip }, async (t) => {
  const journal = newJournal(t)
  await journal.append(entries(1, 2))
  const starts = join(journal.folder, '../starts')
  const journalctl = ['/bin/sh', '-c', `echo $$ >>${starts}; exec "$0" "$@"`, ...journal.journalctl]
  const pids = () => readFileSync(starts, 'utf8').trim().split('\n').map(Number)
  const { context, source, numbers } = open(t, journal, '', undefined, 'start', journalctl)
  await numbers(2)
  for (let round = 0; round < 3; round++) {
    await waitFor('it follows', 5_000, async () => {
      await numbers(2 + round)
      return pids().length === 2 * (round + 1)
    })
    process.kill(pids().at(-1)!, 'SIGKILL')
    await waitFor('it has ended', 5_000, () => source.read() === undefined && source.state.kind === 'waiting')
    await journal.append(entries(3 + round, 3 + round))
  }
  assert.deepEqual(await numbers(5), [1, 2, 3, 4, 5])
  assert.equal(context.said[0], 'warning: journal:: journalctl ended (SIGKILL); started again in 100ms')
})

test('a journalctl that is missing is told once, and waited for', async (t) => {
  const context = testContext()
  const journalctl = join(mkdtempSync(join(tmpdir(), 'log2table-journal-')), 'journalctl')
  t.after(() => rmSync(join(journalctl, '..'), { recursive: true }))
  const source = new JournalSource('journal:', '', context, { journalctl: [journalctl] })
  t.after(() => source.close())
  await waitFor('it was looked for', 5_000, () => source.read() === undefined && source.state.kind === 'waiting')
  assert.equal(source.state.reason, `ended: ${journalctl}: no such program`)
  writeFileSync(journalctl, `#!/bin/sh\necho >${journalctl}.ran; exec sleep 60\n`, { mode: 0o755 })
  await waitFor('it was started', 5_000, () => source.read() === undefined && existsSync(`${journalctl}.ran`))
  assert.equal(source.state.kind, 'reading')
  assert.deepEqual(context.said, [`warning: journal:: journalctl ended (${journalctl}: no such program); started again in 100ms`])
})

test('what stands after "journal:" is a unit, fields, or nothing', () => {
  for (const rest of ['', 'ssh.service', '_COMM=sshd', '_A=b + _C=d', 'getty@tty1.service'])
    assert.equal(journalFault(rest), undefined)
  for (const rest of ['-u', 'ssh@*', '--root=/', 'a b', '+', '_COMM=sshd +', '_COMM=x --root=/', 'comm=x'])
    assert.match(journalFault(rest)!, /^write a unit/)
})

test('what our own unit wrote is passed over, and the place goes on after it', { skip }, async (t) => {
  const journal = newJournal(t)
  const ours = { _SYSTEMD_UNIT: 'log2table.service', SYSLOG_IDENTIFIER: 'log2table' }
  await journal.append([
    ...entries(1, 2),
    ...entries(3, 4, { fields: ours }),
    // Whoever takes our name is heard.
    ...entries(5, 5, { fields: { SYSLOG_IDENTIFIER: 'log2table' } }),
    ...entries(6, 6, { fields: ours }),
  ])
  const context = testContext()
  const source = new JournalSource('journal:', '', context, {
    journalctl: journal.journalctl,
    ownUnit: 'log2table.service',
  })
  t.after(() => source.close())
  const reading = new Reading(source)
  await reading.until(
    context,
    () => reading.lines.length >= 3 && JSON.stringify(reading.position).includes(String(BEGAN + 6_000)),
  )
  assert.deepEqual(
    reading.lines.map((line) => /line (\d+)/.exec(line)?.[1]),
    ['1', '2', '5'],
  )
})
