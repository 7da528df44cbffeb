import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import fs, {
  appendFileSync,
  copyFileSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, type TestContext as NodeTest, test } from 'node:test'
import { promisify } from 'node:util'
import { Worker } from 'node:worker_threads'
import { gzipSync } from 'node:zlib'
import { Reading, type TestContext, testContext } from '../../test/support/reading.ts'
import type { Json } from '../base/units.ts'
import { type FileOptions, FileSource, LINGER_MS } from './file.ts'
import { LINE_BYTES_MAX } from './source.ts'

let folder: string
let log: string
const open: FileSource[] = []

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'log2table-file-'))
  log = join(folder, 'authlog')
})

afterEach(() => {
  for (const source of open.splice(0)) source.close()
  rmSync(folder, { recursive: true })
})

interface Following extends Reading {
  readonly source: FileSource
  readonly context: TestContext
}

function follow({
  position,
  path = log,
  ...options
}: FileOptions & { position?: Json | undefined; path?: string } = {}): Following {
  const context = testContext(position)
  const source = new FileSource(path, context, { pollMs: 0, ...options })
  open.push(source)
  return Object.assign(new Reading(source, position), { context }) as Reading as Following
}

/** Ends one follower and starts another from what was committed. */
function restart(following: Following): Following {
  following.source.close()
  return follow({ position: following.position })
}

const numbered = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => `line ${from + i}`)
const write = (...lines: string[]) => appendFileSync(log, lines.map((line) => `${line}\n`).join(''), 'latin1')
const rotate = (...names: string[]) => {
  for (let i = names.length - 1; i > 0; i--) renameSync(join(folder, names[i - 1]!), join(folder, names[i]!))
}
/** As gzip(1) does it: the time of change is kept. */
const compress = (name: string) => {
  const path = join(folder, name)
  execFileSync('gzip', [path])
}
const copyTruncate = () => {
  copyFileSync(log, `${log}.1`)
  truncateSync(log)
}

test('what is in the file comes first, then what is appended, each line once', () => {
  write('one', 'two')
  const following = follow()
  assert.deepEqual(following.now(), ['one', 'two'])
  assert.deepEqual(following.now(), [])
  write('three')
  assert.deepEqual(following.now(), ['three'])
  assert.deepEqual(
    following.blocks.map((block) => block.offset),
    [0, 8],
  )
})

test('a first start at the end begins with the next whole line, and that place is to be committed at once', () => {
  write('old')
  appendFileSync(log, 'half ')
  const following = follow({ startAt: 'end' })
  assert.deepEqual(following.now(), [])
  const again = restart(following)
  appendFileSync(log, 'a line\n')
  write('new')
  assert.deepEqual(again.now(), ['half a line', 'new'])
})

test('lines that were there before the start are catching up and of the time of the file, later ones are live', () => {
  write('old')
  utimesSync(log, 1_000, 1_000)
  const following = follow()
  following.now()
  write('new')
  following.now()
  const [old, live] = following.blocks
  assert.deepEqual([old!.catchingUp, old!.writtenBy], [true, 1_000_000])
  assert.deepEqual([live!.catchingUp, live!.writtenBy], [false, following.context.clockAt])
})

test('a line that is written byte by byte comes once, when it is whole', () => {
  const following = follow()
  for (const byte of 'a whole line') {
    appendFileSync(log, byte)
    assert.deepEqual(following.now(), [])
  }
  appendFileSync(log, '\n')
  assert.deepEqual(following.now(), ['a whole line'])
})

test('only line feeds end lines; CR, NUL, U+2028 and invalid UTF-8 stay as they are', () => {
  const lines = ['crlf\r', 'nul\0nul', 'a\rb', '\xe2\x80\xa8', '\xff\xfe\x85', '']
  write(...lines)
  assert.deepEqual(follow().now(), lines)
})

test('a line of 200 MB without its end is passed over, also across a restart, and takes no memory', () => {
  write('before')
  const megabyte = Buffer.alloc(1 << 20, 'x')
  let following = follow()
  following.now()
  const before = process.memoryUsage.rss()
  let overlongLines = 0
  for (let i = 0; i < 200; i++) {
    appendFileSync(log, megabyte)
    following.now()
    if (i === 100) {
      overlongLines += following.source.state.overlongLines
      following = restart(following)
    }
  }
  const grownBytes = process.memoryUsage.rss() - before
  assert.ok(grownBytes < 60 << 20, `grew by ${grownBytes} bytes`)
  assert.deepEqual(following.lines, [])
  appendFileSync(log, '\n')
  write('after')
  assert.deepEqual(following.now(), ['after'])
  assert.equal(overlongLines + following.source.state.overlongLines, 1)
})

test('an overlong line is left out from between two others', () => {
  write('before', 'x'.repeat(LINE_BYTES_MAX + 1), 'after')
  const following = follow()
  assert.deepEqual(following.now(), ['before', 'after'])
  assert.equal(following.source.state.overlongLines, 1)
})

test('renamed and made again: the old file is read to its end before the new one, and on while its writer goes on', () => {
  write('1')
  const following = follow()
  following.now()
  write('2')
  rotate('authlog', 'authlog.1')
  write('3')
  assert.deepEqual(following.now(), ['2', '3'])
  appendFileSync(`${log}.1`, 'late\n')
  write('4')
  assert.deepEqual(following.now(), ['late', '4'])
})

test('a rotated file is let go after a minute, and only then its last line counts without a line feed', () => {
  write('1')
  const following = follow()
  following.now()
  appendFileSync(log, 'unfinished')
  rotate('authlog', 'authlog.1')
  write('2')
  assert.deepEqual(following.now(), ['2'])
  following.context.clockAt += LINGER_MS
  assert.deepEqual(following.now(), ['unfinished'])
  appendFileSync(`${log}.1`, ' too late\n')
  write('3')
  assert.deepEqual(following.now(), ['3'])
})

test('several rotations between two looks: every file in between is read, compressed ones too', async () => {
  write('1')
  const following = follow()
  following.now()
  write('2')
  rotate('authlog', 'authlog.1')
  write('3')
  rotate('authlog', 'authlog.1', 'authlog.2')
  compress('authlog.1')
  write('4')
  rotate('authlog', 'authlog.1')
  renameSync(`${log}.2`, `${log}.3`)
  renameSync(`${log}.1.gz`, `${log}.2.gz`)
  write('5')
  await following.until(following.context, () => following.lines.length === 5)
  assert.deepEqual(following.lines, ['1', '2', '3', '4', '5'])
})

test('deleted and made again: the deleted file is read to its end, then the new one', () => {
  write('1')
  const following = follow()
  following.now()
  write('2')
  unlinkSync(log)
  write('3')
  assert.deepEqual(following.now(), ['2', '3'])
})

test('emptied by copytruncate: what was not read yet comes from the copy, then the file from its start', () => {
  write('1')
  const following = follow()
  following.now()
  write('2')
  copyTruncate()
  write('3')
  assert.deepEqual(following.now(), ['2', '3'])
  assert.deepEqual(following.context.said, [
    `info: ${log}: emptied or written anew; reading the rest from ${log}.1, then reading it from its start`,
  ])
})

test('emptied and grown past the old place between two looks: it is noticed by what stands before that place', () => {
  write('1')
  const following = follow()
  following.now()
  truncateSync(log)
  write('a longer line', 'and another')
  assert.deepEqual(following.now(), ['a longer line', 'and another'])
  assert.match(following.context.said.join(), /emptied or written anew/)
})

test('written anew in place with other lines: it is read from its start', () => {
  write('1', '2')
  const following = follow()
  following.now()
  writeFileSync(log, 'x\ny\nz\n')
  assert.deepEqual(following.now(), ['x', 'y', 'z'])
})

test('the rest of a line whose beginning was cut off by emptying is not taken for a line', () => {
  write('1')
  const following = follow()
  appendFileSync(log, 'Failed password for root from 192.0.2.1 ')
  following.now()
  truncateSync(log)
  write('from 198.51.100.1 port 22', 'next')
  assert.deepEqual(following.now(), ['next'])
})

test('a log that is not there yet is waited for and read from its start, by arrival', () => {
  const following = follow({ startAt: 'end' })
  assert.equal(following.source.state.kind, 'waiting')
  assert.equal(following.source.state.reason, 'no such file')
  assert.deepEqual(following.now(), [])
  write('1')
  assert.deepEqual(following.now(), ['1'])
  assert.equal(following.blocks[0]!.catchingUp, false)
  assert.equal(following.source.state.kind, 'reading')
})

test('a folder, a FIFO and a device are refused in words, without blocking', () => {
  mkdirSync(log)
  assert.equal(follow().source.state.reason, 'it is a directory, not a file')
  const fifo = join(folder, 'fifo')
  execFileSync('mkfifo', [fifo])
  assert.equal(follow({ path: fifo }).source.state.reason, 'it is a FIFO, not a file')
  assert.equal(follow({ path: '/dev/null' }).source.state.reason, 'it is a device, not a file')
})

test('a log that may not be read is waited for, and read when it may', {
  skip: process.getuid?.() !== 0 && 'needs root to become another user',
}, () => {
  write('1')
  execFileSync('chmod', ['755', folder])
  execFileSync('chmod', ['600', log])
  process.seteuid!(65534)
  try {
    const following = follow()
    assert.equal(following.source.state.reason, 'permission denied')
    process.seteuid!(0)
    execFileSync('chmod', ['644', log])
    process.seteuid!(65534)
    assert.deepEqual(following.now(), ['1'])
  } finally {
    process.seteuid!(0)
  }
})

test('a log below a symlink is followed, also when the link is turned to another file', () => {
  const link = join(folder, 'current')
  write('1')
  symlinkSync(log, link)
  const following = follow({ path: link })
  assert.deepEqual(following.now(), ['1'])
  writeFileSync(join(folder, 'other'), '2\n')
  unlinkSync(link)
  symlinkSync(join(folder, 'other'), link)
  assert.deepEqual(following.now(), ['2'])
})

test('poll calls only when there is something', () => {
  write('1')
  const following = follow()
  let calls = 0
  following.context.onReady = () => calls++
  following.now()
  following.source.poll()
  following.source.poll()
  assert.equal(calls, 0)
  write('2')
  following.source.poll()
  assert.equal(calls, 1)
  following.now()
  rotate('authlog', 'authlog.1')
  following.source.poll()
  assert.equal(calls, 1)
  write('3')
  following.source.poll()
  assert.equal(calls, 2)
})

test('hints and the poll timer bring a line without anybody asking', async () => {
  const following = follow({ pollMs: 50 })
  const ready = following.context.ready()
  write('1')
  await ready
  assert.deepEqual(following.now(), ['1'])
})

/** Writes numbered lines as fast as `everyMs` allows, and rotates as told; prints how many lines it wrote. */
const writer = `
  const [, log, rotation, seconds] = process.argv
  const fs = require('node:fs')
  let fd = fs.openSync(log, 'a')
  let count = 0
  const endAt = Date.now() + 1000 * seconds
  let rotateAt = Date.now() + 200
  const write = () => {
    for (let i = 0; i < 20; i++) fs.writeSync(fd, 'line ' + ++count + '\\n')
    if (Date.now() >= rotateAt) {
      rotateAt += 200
      for (let n = 20; n >= 1; n--) if (fs.existsSync(log + '.' + n)) fs.renameSync(log + '.' + n, log + '.' + (n + 1))
      if (rotation === 'copytruncate') {
        fs.copyFileSync(log, log + '.1')
        fs.ftruncateSync(fd)
      } else {
        fs.renameSync(log, log + '.1')
        // The program learns of it later.
        for (let i = 0; i < 20; i++) fs.writeSync(fd, 'line ' + ++count + '\\n')
        fs.closeSync(fd)
        fd = fs.openSync(log, 'a')
      }
    }
    if (Date.now() < endAt) setTimeout(write, 2)
    else process.stdout.write(String(count))
  }
  write()
`

for (const rotation of ['rename', 'copytruncate']) {
  test(`rotated by ${rotation} every 0.2 s while it is written, nothing is lost and nothing comes twice`, async () => {
    write()
    const following = follow({ pollMs: 250 })
    following.context.onReady = () => following.now()
    const { stdout } = await promisify(execFile)(process.execPath, ['-e', writer, log, rotation, '3'])
    const count = Number(stdout)
    await new Promise((resolve) => setTimeout(resolve, 300))
    following.now()
    assert.ok(count > 5_000, stdout)
    assert.deepEqual(new Set(following.lines).size, following.lines.length)
    assert.deepEqual(following.lines, numbered(1, count))
  })
}

// Restarts: five lines were read, more were written and things happened while nobody followed.

async function whileAway(happening: () => void, expected: readonly string[]): Promise<Following> {
  write(...numbered(1, 5))
  const before = follow()
  before.now()
  before.source.close()
  write(...numbered(6, 8))
  happening()
  const after = restart(before)
  await after.until(after.context, () => after.lines.length >= expected.length)
  assert.deepEqual(after.lines, expected)
  assert.deepEqual(after.now(), [])
  return after
}

test('after a restart the file goes on where it was left', async () => {
  const { context, blocks } = await whileAway(() => {}, numbered(6, 8))
  assert.deepEqual(context.said, [])
  assert.ok(blocks.every((block) => block.catchingUp))
})

test('after a restart a file that was rotated once is read to its end first', async () => {
  const { context } = await whileAway(
    () => {
      rotate('authlog', 'authlog.1')
      write(...numbered(9, 10))
    },
    numbered(6, 10),
  )
  assert.deepEqual(context.said, [])
})

test('after a restart a file that was rotated twice is read first, then the one after it, then the log', async () => {
  await whileAway(
    () => {
      rotate('authlog', 'authlog.0')
      write(...numbered(9, 10))
      rotate('authlog', 'authlog.0', 'authlog.1')
      write(...numbered(11, 12))
    },
    numbered(6, 12),
  )
})

test('after a restart rotated files are known again by their text where they were compressed', async () => {
  const { context } = await whileAway(
    () => {
      rotate('authlog', 'authlog.1')
      write(...numbered(9, 10))
      rotate('authlog', 'authlog.1', 'authlog.2')
      compress('authlog.2')
      compress('authlog.1')
      write(...numbered(11, 12))
    },
    numbered(6, 12),
  )
  assert.deepEqual(context.said, [])
})

test('after a restart files that were rotated by date are read in their order', async () => {
  await whileAway(
    () => {
      renameSync(log, `${log}-20240101.old`)
      renameSync(`${log}-20240101.old`, `${log}-20240101`)
      write(...numbered(9, 10))
      renameSync(log, `${log}-20240102`)
      write(...numbered(11, 12))
    },
    numbered(6, 12),
  )
})

test('after a restart a file that was emptied meanwhile is finished from its copy', async () => {
  await whileAway(
    () => {
      copyTruncate()
      write(...numbered(9, 20))
    },
    numbered(6, 20),
  )
})

test('after a restart a file that is gone is told with what is known to be lost, and later ones are read', async () => {
  const following = await whileAway(
    () => {
      unlinkSync(log)
      write(...numbered(9, 10))
    },
    numbered(9, 10),
  )
  assert.deepEqual(following.context.said, [
    `warning: ${log}: what was read of it up to byte 35 is not in it any more, nor in a rotated file; reading it from its start`,
  ])
})

test('after a restart files in a format that we cannot read are named', async () => {
  const following = await whileAway(
    () => {
      renameSync(log, `${log}.1.xz`)
      write(...numbered(9, 10))
    },
    numbered(9, 10),
  )
  assert.match(following.context.said.join(), /authlog\.1\.xz cannot be read: only gzip can/)
})

test('an inode that was given to another file is not taken for the old one', async () => {
  await whileAway(
    () => {
      const { ino } = statSync(log)
      unlinkSync(log)
      // ext4 gives the number again at once; where it does not, writing anew in place is the same to us.
      writeFileSync(log, '')
      if (statSync(log).ino !== ino) assert.notEqual(statSync(log).ino, ino)
      write(...numbered(101, 120))
    },
    numbered(101, 120),
  )
})

test('a copy of the log and its old lines are not read again after the log was deleted and made again', async () => {
  await whileAway(
    () => {
      copyFileSync(log, `${log}.backup`)
      truncateSync(`${log}.backup`, 35)
      unlinkSync(log)
      write(...numbered(9, 10))
    },
    numbered(9, 10),
  )
})

test('two rotated files that begin with the same kilobyte are told apart by what stands before the place', async () => {
  const same = 'x'.repeat(2_000)
  write(same, 'mine 1')
  const before = follow()
  before.now()
  before.source.close()
  write('mine 2')
  rotate('authlog', 'authlog.2')
  write(same, 'other, and longer')
  rotate('authlog', 'authlog.1')
  compress('authlog.2')
  compress('authlog.1')
  write('new')
  const after = restart(before)
  await after.until(after.context, () => after.lines.includes('new'))
  assert.deepEqual(after.lines, ['mine 2', same, 'other, and longer', 'new'])
})

test('a file that was written anew with the same first kilobyte is known by what stands before the place', () => {
  const same = 'x'.repeat(2_000)
  write(same, 'mine')
  const before = follow()
  before.now()
  writeFileSync(log, '')
  write(same, 'another', 'more')
  assert.deepEqual(restart(before).now(), [same, 'another', 'more'])
})

test('a log that was not there at the first start is read from its start at the next, wherever that is to begin', () => {
  const before = follow({ startAt: 'end' })
  before.now()
  before.source.close()
  write('written while nobody followed')
  assert.deepEqual(follow({ startAt: 'end', position: before.position }).now(), ['written while nobody followed'])
})

test('a file that was read and let go is not taken for an unread one because its writer comes back to it', () => {
  write('1')
  const following = follow()
  following.now()
  rotate('authlog', 'authlog.1')
  write('2')
  following.now()
  following.context.clockAt += LINGER_MS
  following.now()
  unlinkSync(log)
  appendFileSync(`${log}.1`, 'too late\n')
  utimesSync(`${log}.1`, Date.now() / 1_000 + 10, Date.now() / 1_000 + 10)
  write('3')
  assert.deepEqual(following.now(), ['3'])
})

test('a rotated file that has the inode of one that was empty and let go is read', () => {
  write('1')
  const following = follow()
  following.now()
  rotate('authlog', 'authlog.1')
  write()
  following.now()
  rotate('authlog', 'authlog.1', 'authlog.2')
  write('2')
  following.now()
  following.context.clockAt += LINGER_MS
  following.now()
  // The number of the empty one is given again, as ext4 does at once, to a file that is rotated before anybody has looked.
  unlinkSync(`${log}.2`)
  renameSync(`${log}.1`, join(folder, 'given again'))
  rotate('authlog', 'authlog.2')
  renameSync(join(folder, 'given again'), log)
  write('3')
  rotate('authlog', 'authlog.1')
  write('4')
  assert.deepEqual(following.now(), ['3', '4'])
  assert.deepEqual(following.context.said, [])
})

test('a file that gets the inode of the one which was there at the start counts by arrival', () => {
  write('a long line that was there before the start')
  const following = follow()
  following.now()
  for (const line of ['2', '3', '4']) {
    unlinkSync(log)
    write(line)
    following.now()
    following.context.clockAt += LINGER_MS
    following.now()
  }
  assert.deepEqual(
    following.blocks.map((block) => block.catchingUp),
    [true, false, false, false],
  )
})

test('a log that was left empty and copied and emptied twice while nobody followed is read from the copies first', () => {
  writeFileSync(`${log}.1`, 'read before\n')
  write()
  utimesSync(log, 2_000, 2_000)
  utimesSync(`${log}.1`, 1_000, 1_000)
  const before = follow()
  before.now()
  before.source.close()
  rotate('authlog.1', 'authlog.2')
  write('1')
  copyTruncate()
  rotate('authlog.1', 'authlog.2', 'authlog.3')
  write('2')
  copyTruncate()
  write('3')
  const after = restart(before)
  assert.deepEqual(after.now(), ['1', '2', '3'])
  assert.equal(after.source.state.lostBytes, 0)
})

test('a log that was left empty is read from its start, not a rotated file that its program still writes to', () => {
  write('read before')
  rotate('authlog', 'authlog.1')
  writeFileSync(log, '')
  const before = follow()
  before.now()
  before.source.close()
  appendFileSync(`${log}.1`, 'too late\n')
  write('1')
  assert.deepEqual(restart(before).now(), ['1'])
})

test('a restart in the middle of a rotated file goes on there', async () => {
  write(...numbered(1, 20_000))
  const first = follow()
  first.now()
  first.source.close()
  write(...numbered(20_001, 60_000))
  rotate('authlog', 'authlog.1')
  compress('authlog.1')
  write('new')
  let following = restart(first)
  const lines: string[] = []
  while (lines.at(-1) !== 'new') {
    const ready = following.context.ready()
    const block = following.source.read()
    if (!block) {
      await ready
      continue
    }
    lines.push(...Buffer.from(block.bytes).toString().split('\n').slice(0, -1))
    following.position = block.position
    following = restart(following)
  }
  assert.deepEqual(lines, [...numbered(20_001, 60_000), 'new'])
})

test('a rotated file that is cut off counts as far as it can be read, and that is said', async () => {
  write('first')
  const before = follow()
  before.now()
  before.source.close()
  const text = Buffer.from(`first\n${numbered(1, 5_000).join('\n')}\n`)
  const gzip = gzipSync(text)
  writeFileSync(`${log}.1.gz`, gzip.subarray(0, gzip.length - 100))
  unlinkSync(log)
  write('new')
  const after = restart(before)
  await after.until(after.context, () => after.lines.includes('new'))
  assert.deepEqual(after.lines.slice(0, 1_000), numbered(1, 1_000))
  assert.match(after.context.said.join(), /authlog\.1\.gz: unexpected end of file after \d+ bytes of text; what was read counts/)
})

test('while the log is missing at a start, the position is kept', () => {
  write('1', '2')
  const before = follow()
  before.now()
  before.source.close()
  renameSync(log, join(folder, 'away'))
  const after = restart(before)
  assert.deepEqual(after.now(), [])
  assert.equal(after.source.state.reason, 'no such file')
  renameSync(join(folder, 'away'), log)
  write('3')
  assert.deepEqual(after.now(), ['3'])
})

test('a hard link to the log changes nothing, and a stored position of another kind is told and not used', () => {
  write('1')
  linkSync(log, join(folder, 'link'))
  const following = follow({ position: { cursor: 's=1' } })
  assert.deepEqual(following.now(), ['1'])
  assert.match(following.context.said.join(), /its stored position is not one of a file/)
})

test('descriptors stay bounded while a log is rotated a hundred times', () => {
  write('0')
  const following = follow()
  following.now()
  for (let i = 1; i <= 100; i++) {
    rotate('authlog', 'authlog.1')
    write(String(i))
    following.now()
  }
  assert.deepEqual(
    following.lines,
    Array.from({ length: 101 }, (_, i) => String(i)),
  )
  const own = execFileSync('sh', ['-c', `ls -l /proc/${process.pid}/fd | grep -c ${folder}`]).toString()
  assert.ok(Number(own) <= 9, own)
})

/** Lets a file not be opened, so many times. */
function refuseToOpen(t: NodeTest, path: string, times = Number.POSITIVE_INFINITY): void {
  const { openSync } = fs
  const refusal = Object.assign(new Error('too many open files'), { code: 'EMFILE', errno: -24, syscall: 'open' })
  const { mock } = t.mock.method(fs, 'openSync', (...args: Parameters<typeof openSync>) => {
    if (args[0] === path && times-- > 0) throw refusal
    return openSync(...args)
  })
  syncBuiltinESMExports()
  t.after(() => {
    mock.restore()
    syncBuiltinESMExports()
  })
}

test('a rotated file that cannot be opened once is tried again, and goes on where it was left', (t) => {
  write(...numbered(1, 3))
  const before = follow()
  before.now()
  write('line 4')
  rotate('authlog', 'authlog.1')
  write('line 5')
  refuseToOpen(t, `${log}.1`, 1)
  const following = restart(before)
  assert.equal(following.source.state.reason, 'too many open files')
  assert.deepEqual(following.now(), numbered(4, 5))
})

test('an old file that can never be opened does not hold the log up for ever', (t) => {
  writeFileSync(`${log}.1`, 'something old\n')
  utimesSync(`${log}.1`, 1_000, 1_000)
  write(...numbered(1, 3))
  const before = follow()
  before.now()
  truncateSync(log)
  write('new')
  refuseToOpen(t, `${log}.1`)
  const following = restart(before)
  assert.deepEqual(following.now(), [])
  following.context.clockAt += 10_000
  assert.deepEqual(following.now(), ['new'])
})

test('files that are renamed while they are looked for are found all the same', async (t) => {
  const kept = 200
  appendFileSync(log, 'one\ntwo\n')
  const first = follow()
  assert.deepEqual(first.now(), ['one', 'two'])
  appendFileSync(log, 'three\n')
  first.source.close()
  open.splice(0)
  const { position } = first
  // As logrotate does it, as fast as it can be done.
  const worker = new Worker(
    `const { existsSync, renameSync, writeFileSync } = require('node:fs')
    const { log, kept } = require('node:worker_threads').workerData
    for (let round = 0; round < kept; round++) {
      for (let n = kept - 1; n >= 1; n--) if (existsSync(log + '.' + n)) renameSync(log + '.' + n, log + '.' + (n + 1))
      renameSync(log, log + '.1')
      writeFileSync(log, 'later ' + round + '\\n')
    }`,
    { eval: true, workerData: { log, kept } },
  )
  t.after(() => worker.terminate())
  let isOver = false
  const over = new Promise<void>((resolve, reject) => worker.on('error', reject).on('exit', () => resolve())).then(() => {
    isOver = true
  })
  let starts = 0
  for (; !isOver; starts++) {
    const next = follow({ position })
    const [line] = next.now(1)
    assert.deepEqual(next.context.said, [])
    // Where nothing could be opened for now, nothing is read either.
    if (line !== undefined) assert.equal(line, 'three')
    next.source.close()
    open.splice(0)
    await new Promise((resolve) => setImmediate(resolve))
  }
  await over
  assert.ok(starts > 10)
  t.diagnostic(`${starts} starts`)
})
