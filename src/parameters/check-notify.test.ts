import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DAY_MS, HOUR_MS } from '../base/units.ts'
import { command, mail, ntfy, webhook } from './channels.ts'
import { checkNotify } from './check-notify.ts'
import { Findings } from './fault.ts'

const commands = new Map([['page', ['/usr/local/bin/page']]])

function check(raw: unknown) {
  const findings = new Findings()
  const notify = checkNotify(raw, commands, findings)
  return { notify, faults: findings.faults.map(({ path, message, hint }) => `${path} ${message}${hint ? `; ${hint}` : ''}`) }
}

test('nobody is told where nothing is said', () => {
  assert.deepEqual(check(undefined), { notify: undefined, faults: [] })
})

test('one way or several, with a digest once a day by default', () => {
  const ops = mail({ to: 'ops@example.org' })
  assert.deepEqual(check({ to: ops }), { notify: { channels: [ops], digestMs: DAY_MS, hasReport: false }, faults: [] })
  const all = [
    mail({ to: ['a@example.org', 'b@example.org'], from: 'fw1@example.org', server: 'smtps://user:word@mail.example.org:465' }),
    webhook('https://example.org/hook?key=1', { authorization: 'Bearer x' }),
    ntfy('https://ntfy.sh/ops', { token: 'tk_1' }),
    command('page'),
  ]
  assert.deepEqual(check({ to: all, digest: '1h', report: 'weekly' }), {
    notify: { channels: all, digestMs: HOUR_MS, hasReport: true },
    faults: [],
  })
})

const faulty: readonly (readonly [raw: unknown, ...faults: string[]])[] = [
  ['ops@example.org', "notify \"ops@example.org\" is not an object; write { to: mail({ to: 'ops@example.org' }), digest: '1d' }"],
  [{}, "notify.to is missing; write { to: mail({ to: 'ops@example.org' }), digest: '1d' }"],
  [{ to: command('page'), digets: '1d' }, 'notify.digets unknown key; did you mean "digest"?'],
  [{ to: command('page'), report: 'daily' }, 'notify.report "daily" is not known; write \'weekly\', or leave it out'],
  [{ to: command('page'), digest: '5m' }, 'notify.digest "5m" is too often; write \'1h\' or more'],
  [
    { to: ['ops@example.org'] },
    'notify.to[0] "ops@example.org" is no way to tell somebody; write mail(), webhook(), ntfy() or command()',
  ],
  [{ to: [] }, "notify.to names nobody; write { to: mail({ to: 'ops@example.org' }), digest: '1d' }"],
  [{ to: mail({ to: [] }) }, "notify.to a list names nobody; write 'ops@example.org'"],
  [
    { to: mail({ to: 'a@example.org\nBcc: b@example.org' }) },
    'notify.to "a@example.org\\nBcc: b@example.org" is no mail address; write \'ops@example.org\'',
  ],
  [
    { to: mail({ to: 'a@example.org', from: 'Ops' }) },
    'notify.to.from "Ops" is no mail address; write \'log2table@example.org\'',
  ],
  [
    { to: mail({ to: 'a@example.org', server: 'mail.example.org' }) },
    "notify.to.server is no mail server; write 'smtp://mail.example.org' or 'smtps://user:password@mail.example.org'",
  ],
  [
    { to: webhook('file:///etc/passwd') },
    'notify.to "file:///etc/passwd" is no address of the web; write \'https://example.org/hook\'',
  ],
  [
    { to: webhook('https://example.org', { 'x-y': 'a\r\nb' }) },
    'notify.to["x-y"] is no header of HTTP; write webhook(url, { authorization: \'Bearer ...\' })',
  ],
  [{ to: ntfy('https://ntfy.sh/') }, 'notify.to "https://ntfy.sh/" names no topic; write ntfy(\'https://ntfy.sh/my-topic\')'],
  [{ to: command('pager') }, 'notify.to commands.json has no command "pager"; did you mean "page"?'],
]

for (const [raw, ...faults] of faulty) {
  test(`refused: ${JSON.stringify(raw)}`, () => assert.deepEqual(check(raw).faults, faults))
}
