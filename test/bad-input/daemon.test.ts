import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { DaemonProcess } from '../lib/daemon-process.ts'
import { needs, program } from '../lib/programs.ts'

const well = { status: 0, troubles: [] }

describe('the configuration', () => {
  test('where there is none, that is said with what to do, and nothing runs', async (t) => {
    const daemon = new DaemonProcess(t)
    rmSync(daemon.path('etc/parameters.ts'))
    assert.deepEqual(await daemon.startInVain(), {
      status: 78,
      stdout: '',
      stderr: 'log2table: FOLDER/etc/parameters.ts: does not exist; write it, or name another folder with --config DIR\n',
    })
  })

  test('with faults it is not run, and all of them are told', async (t) => {
    const daemon = new DaemonProcess(t)
    daemon.configure({ more: "ignor: ['203.0.113.7'], ignore: ['010.1.2.3']," })
    assert.deepEqual(await daemon.startInVain(), {
      status: 78,
      stdout: '',
      stderr: [
        'log2table: FOLDER/etc/parameters.ts: ignor: unknown key; did you mean "ignore"?',
        'log2table: FOLDER/etc/parameters.ts: ignore[0]: 010.1.2.3: a number with a leading zero is read as octal by some tools; write 10.1.2.3',
        '',
      ].join('\n'),
    })
  })

  test('with a syntax error it is not run', async (t) => {
    const daemon = new DaemonProcess(t)
    daemon.configure({ more: 'ignore: [' })
    const { status, stderr } = await daemon.startInVain()
    assert.equal(status, 78)
    assert.match(stderr, /^log2table: FOLDER\/etc\/parameters\.ts:\d+:\d+: syntax error: \S.*\n$/)
  })

  test('loaded again with faults, by HUP or by hand, the old one stays in force until they are mended', async (t) => {
    const daemon = new DaemonProcess(t)
    await daemon.start()
    daemon.configure({ more: 'ignor: [],' })
    const fault = 'FOLDER/etc/parameters.ts: ignor: unknown key; did you mean "ignore"?'
    assert.deepEqual(await daemon.run('reload'), { status: 78, stdout: '', stderr: `log2table: ${fault}\n` })
    daemon.hangUp()
    await daemon.says(/ignor: unknown key/)
    assert.deepEqual(daemon.said.slice(-2), [
      'error: the configuration was not loaded again; the old one stays in force',
      `error: ${fault}`,
    ])
    daemon.misbehave('203.0.113.1')
    await daemon.bans('203.0.113.1')

    daemon.configure({ more: "ignore: ['203.0.113.2']," })
    daemon.hangUp()
    await daemon.says(/^the configuration was loaded again/)
    daemon.misbehave('203.0.113.2', '203.0.113.3')
    await daemon.bans('203.0.113.3')
    assert.deepEqual(await daemon.banned(), ['203.0.113.1', '203.0.113.3'])
    assert.deepEqual(await daemon.troubles(), {
      status: 1,
      troubles: ['log FOLDER/other.log is not read: no such file'],
    })
    assert.equal(await daemon.stop(), 0)
  })

  test('loaded again with another state folder is refused: that takes a restart', async (t) => {
    const daemon = new DaemonProcess(t)
    await daemon.start()
    daemon.configure({ stateFolder: daemon.path('elsewhere') })
    const stderr = 'log2table: stateFolder and control can be changed by a restart only\n'
    assert.deepEqual(await daemon.run('reload'), { status: 78, stdout: '', stderr })
  })
})

describe('a log', () => {
  test('that is not there yet is waited for, while another is read, and is read when it appears', async (t) => {
    const daemon = new DaemonProcess(t)
    daemon.misbehave('203.0.113.1')
    await daemon.start()
    await daemon.bans('203.0.113.1')
    const reason = 'log FOLDER/other.log is not read: no such file'
    assert.deepEqual(await daemon.troubles(), { status: 1, troubles: [reason] })
    writeFileSync(daemon.path('other.log'), 'bad 203.0.113.2\nbad 203.0.113.2\n')
    await daemon.bans('203.0.113.2')
    assert.deepEqual(await daemon.troubles(), well)
  })

  /** Root may read everything, as long as it has its capabilities. */
  const isRoot = process.getuid?.() === 0
  const skip = isRoot ? needs(['setpriv']) : false
  test('that may not be read is waited for, while another is read, and is read when it may be', { skip }, async (t) => {
    const around = (argv: readonly string[]) =>
      isRoot ? [program('setpriv'), '--bounding-set=-all', '--inh-caps=-all', ...argv] : argv
    const daemon = new DaemonProcess(t, { around })
    writeFileSync(daemon.path('other.log'), 'bad 203.0.113.2\nbad 203.0.113.2\n')
    chmodSync(daemon.path('other.log'), 0)
    daemon.misbehave('203.0.113.1')
    await daemon.start()
    await daemon.bans('203.0.113.1')
    const advice = 'let a group read it that log2table is in, or have the reader read it (docs/processes.md)'
    const reason = `log FOLDER/other.log is not read: permission denied; ${advice}`
    assert.deepEqual(await daemon.troubles(), { status: 1, troubles: [reason] })
    chmodSync(daemon.path('other.log'), 0o600)
    await daemon.bans('203.0.113.2')
    assert.deepEqual(await daemon.troubles(), well)
  })

  test('that is a folder is said to be one', async (t) => {
    const daemon = new DaemonProcess(t)
    mkdirSync(daemon.path('other.log'))
    daemon.misbehave('203.0.113.1')
    await daemon.start()
    await daemon.bans('203.0.113.1')
    const reason = 'log FOLDER/other.log is not read: it is a directory, not a file'
    assert.deepEqual(await daemon.troubles(), { status: 1, troubles: [reason] })
    rmSync(daemon.path('other.log'), { recursive: true })
    writeFileSync(daemon.path('other.log'), 'bad 203.0.113.2\nbad 203.0.113.2\n')
    await daemon.bans('203.0.113.2')
  })
})

describe('two keys of logs that mean the same file', () => {
  test('are refused where that can be seen, by whatever names', async (t) => {
    const daemon = new DaemonProcess(t)
    writeFileSync(daemon.path('app.log'), '')
    symlinkSync(daemon.path('app.log'), daemon.path('other.log'))
    assert.deepEqual(await daemon.startInVain(), {
      status: 78,
      stdout: '',
      stderr:
        'log2table: FOLDER/etc/parameters.ts: logs["FOLDER/other.log"]: is the same file as "FOLDER/app.log": its lines would count twice; ' +
        'write its patterns under "FOLDER/app.log", and take this key out\n',
    })
  })

  test('and where only the daemon sees it, the file is followed once, and that is said', async (t) => {
    const daemon = new DaemonProcess(t)
    const feeds = '{ hackers: [{ regex: /^bad (?<ip>\\S+)$/, weight: 50 }] }'
    daemon.configure({ more: `logs: { '${daemon.path('app*')}': ${feeds}, '${daemon.path('*.log')}': ${feeds} },` })
    writeFileSync(daemon.path('app.log'), 'bad 203.0.113.1\n')
    await daemon.start()
    daemon.misbehave('203.0.113.2')
    await daemon.bans('203.0.113.2')
    assert.deepEqual(await daemon.banned(), ['203.0.113.2'])
    assert.deepEqual(daemon.said, [
      'warning: FOLDER/app.log is followed for another key of logs already, and not for "FOLDER/*.log"',
    ])
  })
})

describe('a second instance', () => {
  test('with the same state folder ends at once, says so, and does no harm', async (t) => {
    const daemon = new DaemonProcess(t)
    await daemon.start()
    const began = performance.now()
    assert.deepEqual(await daemon.startInVain(), {
      status: 1,
      stdout: '',
      stderr: 'log2table: FOLDER/state: another log2table is running with this folder; stop that one first\n',
    })
    t.diagnostic(`${(performance.now() - began).toFixed(0)} ms`)
    daemon.misbehave('203.0.113.1')
    await daemon.bans('203.0.113.1')
    assert.deepEqual(await daemon.banned(), ['203.0.113.1'])
  })

  test('with another state folder and the same socket ends before it has read or banned anything', async (t) => {
    const daemon = new DaemonProcess(t)
    daemon.misbehave('203.0.113.1')
    await daemon.start()
    await daemon.bans('203.0.113.1')
    daemon.configure({ stateFolder: daemon.path('elsewhere') })
    assert.deepEqual(await daemon.startInVain(), {
      status: 1,
      stdout: '',
      stderr: 'log2table: log2table is running already: a daemon answers on FOLDER/run/control.sock\n',
    })
    assert.deepEqual(await daemon.banned(), ['203.0.113.1'])
  })
})

describe('the control socket', () => {
  test('whose path is taken by something else is not made, and nothing is begun', async (t) => {
    const daemon = new DaemonProcess(t)
    mkdirSync(daemon.path('run'), { mode: 0o750 })
    writeFileSync(daemon.path('run/control.sock'), 'of somebody else')
    daemon.misbehave('203.0.113.1')
    assert.deepEqual(await daemon.startInVain(), {
      status: 78,
      stdout: '',
      stderr:
        'log2table: FOLDER/run/control.sock is there already and is no socket; remove it, or give another path with --socket\n',
    })
    assert.equal(readFileSync(daemon.path('run/control.sock'), 'utf8'), 'of somebody else')
  })

  test('is not made in a folder that others can change', async (t) => {
    const daemon = new DaemonProcess(t)
    mkdirSync(daemon.path('run'))
    chmodSync(daemon.path('run'), 0o777)
    assert.deepEqual(await daemon.startInVain(), {
      status: 77,
      stdout: '',
      stderr:
        'log2table: FOLDER/run: is writable by others; the control socket must be in a folder that only root or this user can change\n',
    })
  })

  test('that a killed daemon left behind is taken over', async (t) => {
    const daemon = new DaemonProcess(t)
    daemon.misbehave('203.0.113.1')
    await daemon.start()
    await daemon.bans('203.0.113.1')
    await daemon.kill()
    await daemon.start()
    assert.deepEqual(await daemon.banned(), ['203.0.113.1'])
  })
})

describe('the state folder', () => {
  test('that cannot be made is named, with the key that names it', async (t) => {
    const daemon = new DaemonProcess(t)
    writeFileSync(daemon.path('file'), '')
    daemon.configure({ stateFolder: daemon.path('file/state') })
    assert.deepEqual(await daemon.startInVain(), {
      status: 78,
      stdout: '',
      stderr: `log2table: the state folder FOLDER/file/state cannot be made: ENOTDIR: not a directory, mkdir 'FOLDER/file/state'; set stateFolder in parameters.ts\n`,
    })
  })
})
