import { readFileSync } from 'node:fs'
import { escapeText, jsonLine } from '../../base/escape.ts'
import { exitStatus } from '../../base/exit-status.ts'
import { UserError } from '../../base/user-error.ts'
import type { Table } from '../../firewall/firewall.ts'
import { createRunner, type Runner } from '../../firewall/runner.ts'
import { loadCommands, namedOf } from '../../parameters/commands-json.ts'
import { CONFIGURATION_FOLDER, CONTROL_SOCKET } from '../../parameters/parameters.ts'
import { type Command, type Io, type JsonOption, jsonOption, type Output } from '../command.ts'
import { bannedNow, bannerOver, orByReader, otherLog, viewOfDaemon } from '../doctor/daemon.ts'
import { engineView } from '../doctor/engine-view.ts'
import { type Finding, warning, wrong } from '../doctor/finding.ts'
import { clockFindings, nodeFinding, rightsFinding } from '../doctor/machine.ts'
import { probeFinding } from '../doctor/probe.ts'
import { createStranger, type Stranger } from '../doctor/stranger.ts'
import { viewOfTable } from '../doctor/tables.ts'
import { count, paint } from '../output.ts'

interface DoctorOptions extends JsonOption {
  readonly config: string
  readonly probe?: true
}

export const doctor: Command<[], DoctorOptions> = {
  declare: (syntax) => {
    syntax
      .option('--config <dir>', 'folder with parameters.ts', CONFIGURATION_FOLDER)
      .option('--probe', 'also ban an address of the documentation, and see packets from it dropped')
      .option(...jsonOption)
  },
  help: `
Looks at everything that a ban needs to block: Node, rights, the configuration, whether the daemon's user can read each log, the
daemon, tables and rules of the firewall and what goes past them, the clock, the database. Run it as root: configuration is run
by another process, as the daemon's user. Nothing is changed and nothing is sent.

With --probe, for each table and for IPv4 and IPv6, an address that is reserved for documentation is banned for a minute by way
of the daemon, with the reason "doctor". Packets from it are made at the other end of a pair of interfaces, in a network of its
own, and the firewall's own counters must show that they were dropped. All of it is taken away again. This can be done on Linux,
with nftables and ipset; elsewhere it is said that it cannot.

Examples
  log2table doctor
  log2table doctor --probe
  log2table doctor --json | jq 'select(.state != "ok")'

Exit status
  0   nothing is wrong; warnings do not count
  1   something is, and it says what to do
  69  neither the daemon nor the firewall could be asked
`,
  async run(_args, { config, probe, json }, io) {
    const { stdout } = io
    const findings: Finding[] = []
    const tell = (...found: readonly Finding[]) => {
      findings.push(...found)
      if (json) for (const finding of found) stdout.write(`${jsonLine({ kind: 'finding', ...finding })}\n`)
    }

    tell(nodeFinding(process.versions.node), rightsFinding(process.geteuid?.() ?? 0, procStatus()))
    const engine = await engineView(config, io)
    const { tables, control = CONTROL_SOCKET } = engine.configuration ?? {}
    const socketPath = io.socketPath === CONTROL_SOCKET ? control : io.socketPath
    const daemon = await viewOfDaemon(socketPath, tables)
    tell(...engine.findings.map((finding) => orByReader(finding, daemon.status)))
    tell(...daemon.findings, ...(engine.others ?? []).map((key) => otherLog(key, daemon.status)))

    const run = runnerOf(config, io)
    let isAnswered = daemon.status !== undefined
    for (const table of tables ?? []) {
      const view = await viewOfTable(table, run)
      isAnswered ||= view.isAnswered
      tell(...view.findings)
    }
    tell(...clockFindings(io.now(), engine.lastLines ?? []))
    if (probe) tell(...(await probeFindings(daemon.status === undefined ? [] : (tables ?? []), socketPath, run, io)))

    if (!json) write(findings, stdout)
    if (!isAnswered) return exitStatus.unavailable
    return findings.some(({ state }) => state === 'wrong') ? exitStatus.no : exitStatus.done
  },
}

function procStatus(): string | undefined {
  try {
    return readFileSync('/proc/self/status', 'utf8')
  } catch {
    return undefined
  }
}

/** As the keeper runs commands, with the names that commands.json has. */
function runnerOf(folder: string, { env }: Io): Runner {
  const named = namedOf(loadCommands(folder))
  return createRunner({ path: env.PATH, named: () => named })
}

async function probeFindings(tables: readonly Table[], socketPath: string, run: Runner, io: Io): Promise<readonly Finding[]> {
  if (tables.length === 0) return [warning('probe', 'there is no daemon with a table to ban in', 'start it first')]
  const elsewhere = 'ban an address of your own by hand, and try from there'
  if (process.platform !== 'linux') return [warning('probe', 'here no packet from another address can be made', elsewhere)]
  let stranger: Stranger
  try {
    stranger = await createStranger(run, io)
  } catch (error) {
    const says = `no packet from another address can be made here: ${(error as Error).message}`
    return [warning('probe', says, `run this as root, with unshare and ip (util-linux, iproute2); or ${elsewhere}`)]
  }
  const findings: Finding[] = []
  try {
    const banner = bannerOver(socketPath)
    for (const table of tables) {
      for (const family of ['IPv4', 'IPv6'] as const)
        findings.push(await probeFinding(table, family, { banner, stranger, run, banned: await bannedNow(socketPath) }))
    }
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    findings.push(wrong('probe', `the daemon was lost: ${error.message}`, 'see what it writes on its standard error'))
  } finally {
    await stranger.close()
  }
  return findings
}

const colours = { ok: 'green', warning: 'yellow', wrong: 'red' } as const
const STATE_WIDTH = 9

function write(findings: readonly Finding[], output: Output): void {
  const ofState = (state: Finding['state']) => findings.filter((finding) => finding.state === state)
  const [wrongs, warnings] = [ofState('wrong').length, ofState('warning').length]
  const parts = [...(wrongs > 0 ? [`${wrongs} wrong`] : []), ...(warnings > 0 ? [count(warnings, 'warning')] : [])]
  const verdict =
    parts.length === 0 ? paint(output, 'green', 'all is well') : paint(output, wrongs > 0 ? 'red' : 'yellow', parts.join(', '))
  output.write(`${verdict}\n\n`)
  for (const { about, state, says, todo } of findings) {
    output.write(`${paint(output, colours[state], state.padEnd(STATE_WIDTH))}${shown(about)}: ${shown(says)}\n`)
    if (todo !== undefined) output.write(`${' '.repeat(STATE_WIDTH)}${shown(todo)}\n`)
  }
}

/** Escaped, but for backslashes, which stand in regexes. */
function shown(text: string): string {
  return text.split('\\').map(escapeText).join('\\')
}
