import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { exitStatus } from '../../base/exit-status.ts'
import { logTo } from '../../base/log.ts'
import { UserError } from '../../base/user-error.ts'
import { version } from '../../base/version.ts'
import { startDaemon } from '../../daemon/daemon.ts'
import { HangUps, untilEnded } from '../../daemon/signals.ts'
import { defaultsFor } from '../../parameters/defaults.ts'
import { type Command, type JsonOption, jsonOption } from '../command.ts'
import { defaults } from '../defaults.ts'
import { decisionLine } from '../output.ts'

export const watch: Command<[logs: readonly string[]], JsonOption> = {
  declare(syntax) {
    syntax.argument('[log...]', 'logs to follow from their end; default: the usual ones of this machine').option(...jsonOption)
  },
  help: `
Follows logs with all shipped patterns, and prints what would be banned, as it happens. It needs no configuration and no
rights but to read the logs; nothing is stored and no firewall is touched. Ctrl-C ends it.

Examples
  log2table watch
  log2table watch /var/log/auth.log /var/log/nginx/access.log
`,
  async run([logs], { json }, io) {
    const log = logTo((line) => io.stderr.write(`${line}\n`))
    const usual = logs.length > 0 ? undefined : defaults()
    const found = usual?.found ?? logs.map((path) => resolve(path))
    if (found.length === 0) {
      throw new UserError(
        exitStatus.unavailable,
        'none of the usual logs can be read; name some: "log2table watch /var/log/authlog"',
      )
    }
    const configuration = usual?.configuration ?? defaultsFor(found)
    const folder = mkdtempSync(join(tmpdir(), 'log2table-watch-'))
    try {
      const own = { ...configuration, stateFolder: folder, control: join(folder, 'control.sock') }
      let fail: (error: unknown) => void = () => {}
      const failed = new Promise<never>((_resolve, reject) => {
        fail = reject
      })
      const daemon = await startDaemon({
        configuration: own,
        reload: () => Promise.resolve(own),
        version,
        log,
        now: io.now,
        startAt: 'end',
        onDecision: (decision) => io.stdout.write(decisionLine(decision, io.stdout, { json })),
        onFault: fail,
      })
      const ended = untilEnded({ hangUps: new HangUps(), onHangUp: () => Promise.resolve(), log })
      log.info(`watching ${found.join(', ')}`)
      try {
        await Promise.race([failed, ended])
      } finally {
        await daemon.stop()
      }
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
    return exitStatus.done
  },
}
