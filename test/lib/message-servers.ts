import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { SMTPServer } from 'smtp-server'

/** As a test context is. */
interface Context {
  after(call: () => unknown): void
}

export interface Mail {
  readonly from: string
  readonly to: readonly string[]
  readonly headers: string
  readonly body: string
}

/** A real SMTP server on loopback; on a port of its own choice, or again on one that it had before. */
export async function smtpServer(t: Context, port = 0) {
  const mails: Mail[] = []
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS', 'AUTH'],
    onData(stream, session, done) {
      const chunks: Buffer[] = []
      stream.on('data', (chunk: Buffer) => chunks.push(chunk))
      stream.on('end', () => {
        const [headers = '', ...body] = Buffer.concat(chunks).toString('utf8').split('\r\n\r\n')
        const { mailFrom, rcptTo } = session.envelope
        mails.push({
          from: mailFrom ? mailFrom.address : '',
          to: rcptTo.map(({ address }) => address),
          headers,
          body: body.join('\r\n\r\n'),
        })
        done()
      })
    },
  })
  server.listen(port, '127.0.0.1')
  await once(server.server, 'listening')
  const close = () => new Promise<void>((resolve) => server.close(resolve))
  t.after(close)
  const { port: ownPort } = server.server.address() as AddressInfo
  return { url: `smtp://127.0.0.1:${ownPort}`, port: ownPort, mails, close }
}

export interface Posted {
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** A real HTTP server on loopback that gives the same answer to all. */
export async function httpServer(
  t: Context,
  { status = 200, headers, port = 0 }: { status?: number; headers?: Record<string, string>; port?: number } = {},
) {
  const asked: Posted[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (text) => {
      body += text
    })
    request.on('end', () => {
      asked.push({ path: request.url!, headers: request.headers, body })
      response.writeHead(status, headers).end('thanks')
    })
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  const close = () => {
    server.closeAllConnections()
    return new Promise<void>((resolve) => server.close(() => resolve()))
  }
  t.after(close)
  const { port: ownPort } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${ownPort}`, port: ownPort, asked, close }
}
