import { execFileSync } from 'node:child_process'
import { createSocket } from 'node:dgram'
import { createInterface } from 'node:readline'

/**
 * A process of its own in a network of its own: `stranger.ts` starts it, with the name of the interface that it will have. For
 * each address on standard input it takes that address, sends packets from it, and prints `sent`. The network ends with it.
 */
const DISCARD_PORT = 9
const [device = '', packets = '1'] = process.argv.slice(2)
void sendFromAll()

async function sendFromAll(): Promise<void> {
  console.log('ready')
  for await (const address of createInterface({ input: process.stdin })) {
    try {
      await sendFrom(address)
      console.log('sent')
    } catch (error) {
      console.log((error as Error).message.trim().split('\n').at(-1))
    }
  }
}

/** To all that listen on the link, so that nobody forwards it, and nobody answers. */
async function sendFrom(address: string): Promise<void> {
  const isIPv6 = address.includes(':')
  const ip = (...args: readonly string[]) => execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] })
  ip('address', 'replace', `${address}/${isIPv6 ? 128 : 32}`, 'dev', device, ...(isIPv6 ? ['nodad'] : []))
  ip('link', 'set', device, 'up')
  if (isIPv6) ip('-6', 'route', 'replace', 'ff02::1/128', 'dev', device, 'table', 'local')
  const socket = createSocket(isIPv6 ? 'udp6' : 'udp4')
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject)
      socket.bind({ address }, resolve)
    })
    socket.setMulticastInterface(isIPv6 ? `::%${device}` : address)
    for (let i = 0; i < Number(packets); i++) {
      await new Promise<void>((resolve, reject) => {
        socket.send('log2table doctor', DISCARD_PORT, isIPv6 ? 'ff02::1' : '224.0.0.1', (error) =>
          error ? reject(error) : resolve(),
        )
      })
    }
  } finally {
    socket.close()
  }
}
