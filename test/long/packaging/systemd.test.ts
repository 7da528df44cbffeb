import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { DebianRoot, makePackage, noBootedDebian, prepareDebian } from '../../lib/debian-root.ts'
import { createNamespace } from '../../lib/namespace.ts'
import { program } from '../../lib/programs.ts'
import { waitFor } from '../../lib/wait-for.ts'

const WAIT_MS_MAX = 60_000
const UNITS = ['log2table-keeper.socket', 'log2table-reader.socket', 'log2table-keeper.service', 'log2table.service']

/** A log that the engine may read by its group, and one that only the reader may. */
const OPEN = '/var/log/auth.log'
const CLOSED = '/var/log/closed.log'
const PARAMETERS = `import { Hackers, nftables, parameters } from 'log2table'

const bad = { name: 'bad', regex: /^bad (?<ip>\\S+)$/, weight: 100 }

export default parameters({
  tables: { bad_ip: nftables() },
  rules: { hackers: new Hackers({ table: 'bad_ip' }) },
  logs: { '${OPEN}': { hackers: [bad] }, '${CLOSED}': { hackers: [bad] } },
})
`

describe('the units of systemd, started by a systemd', { skip: noBootedDebian() }, () => {
  let folder: string
  let deb: string
  before(async () => {
    await prepareDebian()
    folder = mkdtempSync(join(tmpdir(), 'log2table-deb-'))
    deb = await makePackage(folder)
  })
  after(() => rmSync(folder, { recursive: true }))

  test('run in their cages, tell when they are ready and how they are, reload, and are started again when they hang or die', async (t) => {
    const namespace = await createNamespace()
    t.after(() => namespace.close())
    const root = await DebianRoot.create(t, namespace, { isBooted: true })
    t.after(async () => {
      if (!(t as typeof t & { passed: boolean }).passed) {
        const { stdout } = await root.run('journalctl', '--no-pager', '-n', '200')
        t.diagnostic(stdout)
      }
    })
    await root.output('dpkg', '--install', await root.take(deb))
    await root.write('/etc/log2table/parameters.ts', PARAMETERS)
    await root.output('install', '-m', '640', '-g', 'adm', '/dev/null', OPEN)
    await root.output('install', '-m', '600', '/dev/null', CLOSED)
    // A minute is too long for a test.
    await root.output('mkdir', '-p', '/etc/systemd/system/log2table.service.d')
    await root.write('/etc/systemd/system/log2table.service.d/watchdog.conf', '[Service]\nWatchdogSec=6\n')
    await root.output('systemctl', 'daemon-reload')

    const property = async (unit: string, name: string) =>
      (await root.output('systemctl', 'show', '--value', '-p', name, unit)).trim()
    const ruleset = () => namespace.run([program('nft'), 'list', 'ruleset'])
    const isBanned = async (address: string) => (await ruleset()).includes(address)
    const bad = (log: string, address: string) => root.output('sh', '-c', `echo "bad ${address}" >>${log}`)
    const isWell = () =>
      waitFor('all is well', WAIT_MS_MAX, async () => (await property('log2table', 'StatusText')) === 'all is well')

    // It comes back when the engine is ready, and no sooner.
    await root.output('systemctl', 'enable', '--now', ...UNITS)
    assert.equal(await property('log2table', 'ActiveState'), 'active')
    assert.notEqual((await root.run('log2table', 'status')).status, 69, 'it answers')
    await bad(OPEN, '192.0.2.1')
    await bad(CLOSED, '192.0.2.2')
    await waitFor('both are banned', WAIT_MS_MAX, async () => (await isBanned('192.0.2.1')) && (await isBanned('192.0.2.2')))
    await isWell()
    for (const [unit, user] of [
      ['log2table', 'log2table'],
      ['log2table-keeper', 'log2table-keeper'],
      ['log2table-reader', 'log2table-reader'],
    ]) {
      const pid = await property(unit!, 'MainPID')
      assert.equal((await root.output('ps', '-o', 'user=', '-p', pid)).trim().slice(0, 8), user!.slice(0, 8), unit)
      assert.equal(/^Seccomp:\s+(\d)$/m.exec(await root.output('cat', `/proc/${pid}/status`))?.[1], '2', `${unit} is filtered`)
    }

    const pid = await property('log2table', 'MainPID')
    await root.output('sed', '-i', 's/weight: 100/weight: 50/', '/etc/log2table/parameters.ts')
    await root.output('systemctl', 'reload', 'log2table')
    await waitFor('it has loaded it', WAIT_MS_MAX, async () =>
      (await root.output('journalctl', '-u', 'log2table', '--no-pager')).includes('the configuration was loaded again'),
    )
    assert.equal(await property('log2table', 'MainPID'), pid)

    await root.output('kill', '-STOP', pid)
    await waitFor('the watchdog has it started again', WAIT_MS_MAX, async () => {
      const now = await property('log2table', 'MainPID')
      return now !== pid && now !== '0'
    })
    assert.match(await root.output('journalctl', '-u', 'log2table', '--no-pager'), /Watchdog timeout/)
    for (const one of ['log2table', 'log2table-keeper', 'log2table-reader']) {
      await root.output('kill', '-KILL', await property(one, 'MainPID'))
    }
    await bad(OPEN, '192.0.2.3')
    await bad(OPEN, '192.0.2.3')
    await bad(CLOSED, '192.0.2.4')
    await bad(CLOSED, '192.0.2.4')
    await waitFor('they ban again', WAIT_MS_MAX, async () => (await isBanned('192.0.2.3')) && (await isBanned('192.0.2.4')))

    await root.output('systemctl', 'stop', ...UNITS)
    assert.equal(await property('log2table', 'Result'), 'success')
    assert.ok(await isBanned('192.0.2.1'), 'stopping lifts no ban')
    await root.output('dpkg', '--purge', 'log2table')
    assert.doesNotMatch(await ruleset(), /192\.0\.2/)
  })
})
