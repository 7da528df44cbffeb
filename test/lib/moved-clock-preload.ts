import { openSync, readSync } from 'node:fs'

// Preloaded into a program whose clock is moved from outside: it reads the time from a file.

const fd = openSync(process.env.LOG2TABLE_TEST_CLOCK!, 'r')
const time = new Float64Array(1)

Date.now = () => {
  readSync(fd, time, 0, 8, 0)
  return time[0]!
}
