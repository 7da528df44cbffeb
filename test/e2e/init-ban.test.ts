import assert from 'node:assert/strict'
import { appendFileSync, chmodSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, test } from 'node:test'
import { log2table } from '../cli/session.ts'
import { fakeMachine } from '../lib/fake-machines.ts'
import { createNamespace, NAMESPACE_PROGRAMS } from '../lib/namespace.ts'
import { needs, program } from '../lib/programs.ts'
import { RUNNING_PROGRAMS, Running } from '../lib/running.ts'
import { waitFor } from '../lib/wait-for.ts'

const command = resolve(import.meta.dirname, '../../bin/log2table')
const WITHIN_MS = 20_000

describe('a configuration as init wrote it', { skip: needs([...NAMESPACE_PROGRAMS, ...RUNNING_PROGRAMS, 'nft']) }, () => {
  test('bans whoever guesses passwords, in the real firewall, and not who was logged in when it was written', async (t) => {
    const root = fakeMachine(t, 'debian with rsyslog')
    mkdirSync(join(root, 'usr/bin'))
    copyFileSync(join(root, 'usr/sbin/ipset'), join(root, 'usr/bin/nft'))
    chmodSync(join(root, 'usr/bin/nft'), 0o755)
    const { status } = await log2table(['init', '--yes', '--root', root], {
      env: { SSH_CONNECTION: '198.51.100.7 50000 192.0.2.1 22' },
    })
    assert.equal(status, 0)

    // It is written for a machine whose root folder that is; here its logs are below it.
    const file = join(root, 'etc/log2table/parameters.ts')
    const text = readFileSync(file, 'utf8').replaceAll("'/var/log/", `'${root}/var/log/`)
    writeFileSync(
      file,
      text.replace('parameters({\n', (line) => `${line}  stateFolder: '${root}/state',\n`),
    )
    const namespace = await createNamespace()
    t.after(() => namespace.close())
    const env = {
      PATH: `${join(program('nft'), '..')}:${process.env.PATH}`,
      LOG2TABLE_NODE: process.execPath,
      LOG2TABLE_SOCKET: join(root, 'control.sock'),
      SSH_CONNECTION: '',
    }
    const daemon = new Running(namespace.inside([command, 'run', '--json', '--config', join(root, 'etc/log2table')]), { env })
    t.after(async () => {
      daemon.signal('SIGTERM')
      await daemon.end()
    })
    await daemon.line(/^running /, { withinMs: WITHIN_MS })
    const log = join(root, 'var/log/auth.log')
    for (const from of ['198.51.100.7', '203.0.113.9'])
      for (let pid = 1; pid <= 5; pid++) {
        const time = new Date().toISOString().replace('Z', '000+00:00')
        appendFileSync(log, `${time} www sshd[${pid}]: Failed password for root from ${from} port 5200${pid} ssh2\n`)
      }
    const banned = await daemon.line(/"kind":"ban"/, { withinMs: WITHIN_MS })
    assert.equal(JSON.parse(banned.text).address, '203.0.113.9')
    // The ban is told as soon as it is decided, which may be before there is a set.
    const ruleset = () => namespace.run([program('nft'), 'list', 'ruleset'])
    await waitFor('it is in the firewall', WITHIN_MS, async () => (await ruleset()).includes('203.0.113.9'))
    assert.doesNotMatch(await ruleset(), /198\.51\.100\.7/)
  })
})
