/**
 * Compiles the program ahead, for the Node that runs this, into dist/compiled. An installer runs it where the program is to stay, as who
 * owns that (docs/decisions/0015-compiled-ahead.md). It follows a log of its own to a ban, in a folder of its own that is gone afterwards,
 * so that all is compiled that a start needs.
 */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { setFlagsFromString } from 'node:v8'
import { keepCompiled, moduleOf } from './parts.js'

/** What bin/log2table gives to `run` and to `replay`: to some Node either makes another V8. */
const OPTIONS = ['--max-semi-space-size=8', '--max-semi-space-size=16']
const RUN_MS_MAX = 10_000
const isFirst = !OPTIONS.some((option) => process.execArgv.includes(option))

const folder = mkdtempSync(join(tmpdir(), 'log2table-compiled-'))
try {
  await tryProgram()
  // As it was before `run` set it, or what is kept would be for another V8.
  setFlagsFromString('--heap-growing-percent=0')
  keepCompiled({ isAnew: isFirst })
} finally {
  rmSync(folder, { recursive: true, force: true })
}
for (const option of isFirst ? OPTIONS : [])
  execFileSync(process.execPath, [...process.execArgv, option, fileURLToPath(import.meta.url)])
process.exit()

async function tryProgram() {
  const { runProgram } = moduleOf('cli/program')
  const log = join(folder, 'auth.log')
  const socket = join(folder, 'control.sock')
  writeFileSync(
    log,
    `${new Date().toISOString()} gate sshd[1]: Failed password for root from 203.0.113.9 port 4711 ssh2\n`.repeat(9),
  )
  writeFileSync(
    join(folder, 'parameters.ts'),
    `import { dryRun, Hackers, parameters } from 'log2table'
import * as shipped from 'log2table/patterns'

export default parameters({
  stateFolder: ${JSON.stringify(folder)},
  control: ${JSON.stringify(socket)},
  tables: { bad_ip: dryRun() },
  rules: { hackers: new Hackers({ table: 'bad_ip' }) },
  logs: { ${JSON.stringify(log)}: { hackers: Object.values(shipped).flat() } },
})
`,
  )
  const end = () => process.kill(process.pid, 'SIGTERM')
  const tooLate = setTimeout(end, RUN_MS_MAX)
  await runProgram(
    ['run', '--config', folder],
    ioOf((text) => / ban 203\.0\.113\.9 /.test(text) && end()),
  )
  clearTimeout(tooLate)
  for (const argv of [['version'], ['replay', log], ['--socket', socket, 'status']])
    await runProgram(
      argv,
      ioOf(() => {}),
    )
}

/** Nobody reads what is written. The configuration is ours, so whoever runs this may run it. */
function ioOf(write) {
  const output = { write, isTerminal: false, width: undefined, hasColour: false, closed: new Promise(() => {}) }
  return { stdin: process.stdin, stdout: output, stderr: output, env: { LOG2TABLE_USER: 'root' }, now: Date.now }
}
