import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { DaemonProcess } from '../lib/daemon-process.ts'
import { waitFor } from '../lib/wait-for.ts'

test('who is banned for life is in the kept file soon, with whom was in it before; who is paroled is not', async (t) => {
  const daemon = new DaemonProcess(t)
  const file = daemon.path('blockips')
  daemon.configure({ more: "ignore: ['192.0.2.0/24']," })
  const parameters = readFileSync(daemon.path('etc/parameters.ts'), 'utf8')
    .replace('import { ', 'import { keptFile, ')
    .replace('dryRun()', "dryRun({ file: keptFile('blockips') })")
  writeFileSync(daemon.path('etc/parameters.ts'), parameters, { mode: 0o644 })
  writeFileSync(daemon.path('etc/commands.json'), JSON.stringify({ files: { blockips: file } }), { mode: 0o644 })
  writeFileSync(file, '198.51.100.7 # from 2019\n192.0.2.1\n')
  await daemon.start()
  await daemon.says(/blockips: 1 of 2 are taken up as bans for life/)
  const entries = () =>
    readFileSync(file, 'utf8')
      .split('\n')
      .filter((line) => /^[^#]/.test(line))
      .map((line) => line.replace(/ # \S+/, ' #'))
  assert.deepEqual(entries(), [`198.51.100.7 # by hand: was in ${file}`])
  assert.ok(existsSync(`${file}.before-log2table`))

  await daemon.run('ban 203.0.113.9 --for life --reason case')
  await daemon.run('ban 203.0.113.10 --for 7d')
  await waitFor('the file is written', 10_000, () => entries().length === 2)
  assert.deepEqual(entries()[1], '203.0.113.9 # by hand: case')
  await daemon.run('parole 198.51.100.7')
  assert.equal(await daemon.stop(), 0)
  assert.deepEqual(entries(), ['203.0.113.9 # by hand: case'])
})
