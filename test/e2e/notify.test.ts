import assert from 'node:assert/strict'
import { once } from 'node:events'
import { appendFileSync, chmodSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { test } from 'node:test'
import { DaemonProcess } from '../lib/daemon-process.ts'
import { waitFor } from '../lib/wait-for.ts'

test('what a rule wants people to know reaches a server within seconds, what came together in one message; a reload that names another is taken', async (t) => {
  const messages: { readonly path: string; readonly subject: string; readonly text: string; readonly urgent: boolean }[] = []
  const server = createServer((request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (text) => {
      body += text
    })
    request.on('end', () => {
      messages.push({ path: request.url!, ...JSON.parse(body) })
      response.end()
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const daemon = new DaemonProcess(t)
  const configure = (path: string) => {
    const file = daemon.path('etc/parameters.ts')
    const text = `import { Generic, parameters, webhook } from 'log2table'

class Bell extends Generic {
  override onHit(_kept, { parameters }) {
    return { decisions: [{ kind: 'notify', reason: 'the door says ' + parameters.what }] }
  }
}

export default parameters({
  stateFolder: '${daemon.path('state')}',
  control: '${daemon.path('run/control.sock')}',
  rules: { bell: new Bell() },
  logs: { '${daemon.path('app.log')}': { bell: [{ regex: /^(?<ip>\\S+) (?<what>.*)$/ }] } },
  notify: { to: webhook('${url}${path}') },
})
`
    writeFileSync(file, text)
    chmodSync(file, 0o644)
  }
  const says = (...lines: readonly string[]) => appendFileSync(daemon.path('app.log'), lines.map((line) => `${line}\n`).join(''))
  configure('/first')
  says()
  await daemon.start()
  says('203.0.113.9 knock', '2001:db8::1 \u001b[2Jknock')
  await waitFor('a message', 25_000, () => messages.length > 0)
  const [first] = messages as [(typeof messages)[number]]
  assert.deepEqual({ path: first.path, urgent: first.urgent }, { path: '/first', urgent: true })
  assert.match(first.subject, /^log2table on \S+: 2 messages that cannot wait$/)
  assert.match(first.text, /203\.0\.113\.9: bell: the door says knock\n.* 2001:db8::\/64: bell: the door says \\x1b\[2Jknock\n/)
  configure('/second')
  daemon.hangUp()
  await daemon.says(/^the configuration was loaded again/)
  assert.equal(await daemon.stop(), 0)
  assert.equal(messages.length, 1)
})
