import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import type { Namespace } from './namespace.ts'

/** What became of a connection, as its client sees it. */
export interface TcpState {
  readonly state: 'opening' | 'open' | 'ended'
  /** How many bytes came back. */
  readonly echoes: number
}

/** Opens connections inside a namespace and sends a byte on each every 20 ms, for as long as it lives. */
export interface TcpClient {
  open(id: string, from: string, to: string, port: number): void
  states(): Promise<Readonly<Record<string, TcpState>>>
  close(): void
}

const SERVER = `
const server = require('node:net').createServer((socket) => {
  const peer = socket.remoteAddress.replace('::ffff:', '')
  socket.on('error', ({ code }) => console.log(code + ' ' + peer)).pipe(socket)
})
server.listen(Number(process.argv[1]), '::', () => console.log('ready'))
process.stdin.on('end', () => process.exit()).resume()
`

const CLIENT = `
const net = require('node:net')
const states = {}
require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const [verb, id, from, to, port] = line.split(' ')
  if (verb === 'states') return console.log(JSON.stringify(states))
  const state = (states[id] = { state: 'opening', echoes: 0 })
  const socket = net.connect({ host: to, port: Number(port), localAddress: from, noDelay: true })
  let timer
  socket.on('connect', () => {
    state.state = 'open'
    timer = setInterval(() => socket.write('x'), 20)
  })
  socket.on('data', (data) => (state.echoes += data.length))
  socket.on('error', () => {}).on('close', () => {
    state.state = 'ended'
    clearInterval(timer)
  })
}).on('close', () => process.exit())
`

/** A server that sends back what it gets; `said` are its lines: \`ready\`, and the errors of connections with their peers. */
export async function tcpServer(namespace: Namespace, port: number): Promise<{ said: readonly string[]; close(): void }> {
  const child = start(namespace, SERVER, [String(port)])
  const said: string[] = []
  await new Promise<void>((resolve, reject) => {
    createInterface({ input: child.stdout! }).on('line', (line) => {
      said.push(line)
      resolve()
    })
    child.once('exit', (status) => reject(new Error(`the server on port ${port} ended with status ${status}`)))
  })
  return { said, close: () => child.stdin!.end() }
}

export function tcpClient(namespace: Namespace): TcpClient {
  const child = start(namespace, CLIENT, [])
  const waiting: ((line: string) => void)[] = []
  createInterface({ input: child.stdout! }).on('line', (line) => waiting.shift()?.(line))
  return {
    open: (id, from, to, port) => child.stdin!.write(`open ${id} ${from} ${to} ${port}\n`),
    states() {
      child.stdin!.write('states\n')
      return new Promise((resolve) => waiting.push((line) => resolve(JSON.parse(line) as Record<string, TcpState>)))
    },
    close: () => child.stdin!.end(),
  }
}

function start(namespace: Namespace, script: string, args: readonly string[]): ChildProcess {
  const [file, ...argv] = namespace.inside([process.execPath, '-e', script, ...args])
  return spawn(file!, argv, { stdio: ['pipe', 'pipe', 'inherit'] })
}
