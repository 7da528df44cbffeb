import { monitorEventLoopDelay } from 'node:perf_hooks'

/**
 * Loaded into the daemon by `--import`: says at its end for how long it stood still at most, once it had come up, or since it was
 * last sent SIGUSR2; and which of the daemon's processes it is, by its arguments.
 */

const COMES_UP_WITHIN_MS = 5_000

const delay = monitorEventLoopDelay({ resolution: 1 })
setTimeout(() => delay.enable(), COMES_UP_WITHIN_MS).unref()
process.on('SIGUSR2', () => {
  delay.enable()
  delay.reset()
})
process.on('exit', () => {
  process.stderr.write(`longest stall ${(delay.max / 1e6).toFixed(1)} ms in ${process.argv.slice(2).join(' ')}\n`)
})
