import { copyFileSync, existsSync, openSync, readFileSync, renameSync, rmSync, truncateSync, writeSync } from 'node:fs'
import { lineOf } from './chaos-lines.ts'
import { randomFrom } from './chaos-random.ts'
import type { WriterOptions, Written } from './chaos-writing.ts'

// A program that writes numbered lines to a log which is rotated all the time, until its standard input ends. It keeps the
// truth: `TRUTH` gets each line behind its offset in the file that it went to. At the end it prints a `Written`.

const { log, truth, rotation, everyMs, linesPerSecond, seed, counted }: WriterOptions = JSON.parse(process.argv[2]!)
const random = randomFrom(seed)
/** As logrotate's `rotate 30`, but for files that nobody has read yet: one that is deleted before would tell nothing about a reader. */
const KEPT = 30

let fd = openSync(log, 'a')
const truthFd = openSync(truth, 'a')
let offset = 0
let issued = 0
let rotations = 0
const atRisk: number[] = []
/** The last line of each rotated file, the newest first. */
const lastLines: number[] = []
const startedAt = performance.now()
let rotateAt = startedAt + everyMs
/** A program goes on with the renamed file until it is told to open the log again. */
let reopenAt: number | undefined

function write(): void {
  const line = `${lineOf(++issued, Date.now())}\n`
  writeSync(truthFd, `${offset} ${line}`)
  // Some lines come in two pieces.
  const cut = random() < 0.02 ? Math.floor(random() * line.length) : line.length
  writeSync(fd, line.slice(0, cut))
  if (cut < line.length) {
    pause(random() * 3)
    writeSync(fd, line.slice(cut))
  }
  offset += line.length
}

function rotate(): void {
  // On a busy machine the next rotation may be due before the file was opened anew.
  if (reopenAt !== undefined) reopen()
  rotations++
  deleteOld()
  for (let n = lastLines.length; n >= 1; n--) renameSync(`${log}.${n}`, `${log}.${n + 1}`)
  lastLines.unshift(issued)
  if (rotation === 'rename') {
    renameSync(log, `${log}.1`)
    reopenAt = performance.now() + random() * 30
    if (random() < 0.5) reopen()
    return
  }
  copyFileSync(log, `${log}.1`)
  // What is written between the copy and the emptying is in neither; this is how copytruncate loses lines.
  write()
  atRisk.push(issued)
  truncateSync(log)
  offset = 0
}

/** The reader's place may be at the end of a file all of whose lines are counted: it stays until the next one is counted, too. */
function deleteOld(): void {
  const until = counted === undefined ? Number.POSITIVE_INFINITY : existsSync(counted) ? Number(readFileSync(counted, 'utf8')) : 0
  while (lastLines.length > KEPT && lastLines.at(-2)! <= until) {
    rmSync(`${log}.${lastLines.length}`)
    lastLines.pop()
  }
}

function reopen(): void {
  reopenAt = undefined
  fd = openSync(log, 'a')
  offset = 0
}

function pause(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}

function step(): void {
  const now = performance.now()
  if (reopenAt !== undefined && now >= reopenAt) reopen()
  const due = Math.floor(((now - startedAt) / 1000) * linesPerSecond)
  while (issued < due) write()
  if (now >= rotateAt) {
    rotateAt += everyMs
    rotate()
  }
}

const timer = setInterval(step, 2)
process.stdin.resume().on('end', () => {
  clearInterval(timer)
  if (reopenAt !== undefined) reopen()
  write()
  const written: Written = { issued, rotations, atRisk }
  process.stdout.write(JSON.stringify(written))
})
