import assert from 'node:assert/strict'
import { test } from 'node:test'
import { logTo } from '../base/log.ts'
import type { RunDecision } from '../core/model.ts'
import type { CommandResult, Step } from '../firewall/firewall.ts'
import { CommandRuns, WAITING_MAX } from './command-runs.ts'

const decision: RunDecision = {
  kind: 'run',
  at: Date.UTC(2026, 10, 21),
  address: '192.0.2.7',
  rule: 'places',
  command: 'tell',
  parameters: { user: 'ann\u001b; rm -rf /' },
}
const commands = new Map([['tell', ['/usr/bin/tell', '--about={address}', '{user}']]])
const well: CommandResult = { status: 0, stdout: '', stderr: '' }

/** Runs nothing: each command waits until the test says how it ended. */
function fixture() {
  const started: Step[] = []
  const ends: ((result: CommandResult) => void)[] = []
  const said: string[] = []
  const run = (step: Step) => {
    started.push(step)
    return new Promise<CommandResult>((resolve) => ends.push(resolve))
  }
  return { runs: new CommandRuns({ run, log: logTo((line) => said.push(line)) }), started, ends, said }
}

test('a command gets the address in its argv, and what came from a log as JSON on its standard input only', () => {
  const { runs, started } = fixture()
  runs.carryOut(decision, commands)
  assert.deepEqual(started, [
    {
      argv: ['/usr/bin/tell', '--about=192.0.2.7', '{user}'],
      stdin:
        '{"at":"2026-11-21T00:00:00.000Z","kind":"run","address":"192.0.2.7","rule":"places","command":"tell","parameters":{"user":"ann\\u001b; rm -rf /"}}\n',
    },
  ])
})

test('four run at once, the others in their order, and more than wait are counted and said', async () => {
  const { runs, started, ends, said } = fixture()
  for (let n = 0; n < WAITING_MAX + 7; n++) runs.carryOut({ ...decision, address: `192.0.2.${n % 200}` }, commands)
  assert.equal(started.length, 4)
  assert.deepEqual([runs.waiting, runs.dropped, said.length], [WAITING_MAX, 3, 1])
  ends[2]!(well)
  await new Promise(setImmediate)
  assert.equal(started.length, 5)
  assert.match(JSON.stringify(started[4]), /--about=192\.0\.2\.4/)
})

test('a command that is not there, and one that fails, are named with what they said', async () => {
  const { runs, started, ends, said } = fixture()
  runs.carryOut({ ...decision, command: 'shout' }, commands)
  assert.equal(started.length, 0)
  runs.carryOut(decision, commands)
  ends[0]!({ status: 3, stdout: '', stderr: 'no route\u001b[2J\nmore' })
  await new Promise(setImmediate)
  assert.deepEqual(said, [
    'warning: rule places asks for a command that commands.json does not have command=shout known=tell',
    'warning: the command tell of rule places failed argv="/usr/bin/tell --about={address} {user}" status=3 said="no route\\x1b[2J"',
  ])
})
