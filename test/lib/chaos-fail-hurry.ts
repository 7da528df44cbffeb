// Preloaded into a daemon that is to wait for what hangs: whoever waits for ten seconds or longer waits for a moment.

const LONG_MS = 10_000
const MOMENT_MS = 500

const realSetTimeout = globalThis.setTimeout
const hurried = (call: () => void, ms = 0) => realSetTimeout(call, ms >= LONG_MS ? MOMENT_MS : ms)
globalThis.setTimeout = Object.assign(hurried, realSetTimeout)
