import { type MessagePort, workerData } from 'node:worker_threads'
import { Finder } from './finds.ts'
import { FINISHED, type ForScanSide, type FromScanSide, type ToScanSide } from './scan-ahead.ts'

/** The thread that scans blocks ahead of the one that needs them; see scan-ahead.ts. */

const { logs, port, progress } = workerData as ForScanSide & { readonly port: MessagePort }
const finders = new Map<ForScanSide['logs'][number]['feeds'], Finder>()
for (const { feeds } of logs) if (!finders.has(feeds)) finders.set(feeds, new Finder(feeds))

function answer(message: FromScanSide): void {
  port.postMessage(message, message.kind === 'found' && message.finds ? [message.finds.numbers.buffer] : [])
  Atomics.add(progress, FINISHED, 1)
  Atomics.notify(progress, FINISHED)
}

port.on('message', ({ job, log, bytes, by }: ToScanSide) => {
  const { feeds, zone } = logs[log]!
  const finder = finders.get(feeds)!
  // What is found without a pattern that was lost is for the thread to judge that knows the order of blocks.
  const finds = finder.hasBreached ? undefined : finder.find(bytes, { by, zone })
  answer({ kind: 'found', job, finds })
})
answer({ kind: 'ready' })
