import { type Duration, parseDuration } from '../base/duration.ts'
import { nearest } from '../base/nearest.ts'
import { DAY_MS, HOUR_MS } from '../base/units.ts'
import { durationFault, isRecord, showValue } from '../base/value.ts'
import type { ChannelSpec } from '../notify/channel.ts'
import type { Commands } from './commands-json.ts'
import type { Findings, Path } from './fault.ts'

/** Whom to tell, with the default in place. */
export interface Notify {
  readonly channels: readonly ChannelSpec[]
  readonly digestMs: number
  /** A report is sent once a week. */
  readonly hasReport: boolean
}

const EXAMPLE = "write { to: mail({ to: 'ops@example.org' }), digest: '1d' }"
const DIGEST_MS_MIN = HOUR_MS
/** One address, and nothing that a mail server could take for more. */
const mailbox = /^[^\s<>@,;:"()[\]\\]+@[^\s<>@,;:"()[\]\\]+$/
const headerName = /^[!#$%&'*+\-.^_`|~\w]+$/

export function checkNotify(raw: unknown, commands: Commands | undefined, findings: Findings): Notify | undefined {
  if (raw === undefined) return undefined
  const path = ['notify']
  if (!isRecord(raw)) {
    findings.fault(path, `${showValue(raw)} is not an object`, EXAMPLE)
    return undefined
  }
  const known = ['to', 'digest', 'report']
  findings.keys(path, raw, known)
  const { to, digest, report } = raw
  const channels = (Array.isArray(to) ? to : to === undefined ? [] : [to]) as readonly ChannelSpec[]
  if (to === undefined) findings.fault([...path, 'to'], 'is missing', EXAMPLE)
  else if (channels.length === 0) findings.fault([...path, 'to'], 'names nobody', EXAMPLE)
  for (const [index, channel] of channels.entries()) {
    checkChannel(channel, Array.isArray(to) ? [...path, 'to', index] : [...path, 'to'], commands, findings)
  }
  let digestMs = DAY_MS
  if (digest !== undefined) {
    const fault = durationFault(digest)
    findings.value([...path, 'digest'], fault)
    if (!fault) digestMs = parseDuration(digest as Duration)!
    if (digestMs < DIGEST_MS_MIN) findings.fault([...path, 'digest'], `${showValue(digest)} is too often`, "write '1h' or more")
  }
  if (report !== undefined && report !== 'weekly')
    findings.fault([...path, 'report'], `${showValue(report)} is not known`, "write 'weekly', or leave it out")
  return { channels, digestMs, hasReport: report === 'weekly' }
}

function checkChannel(raw: unknown, path: Path, commands: Commands | undefined, findings: Findings): void {
  const spec = raw as ChannelSpec
  switch (isRecord(raw) ? raw.kind : undefined) {
    case 'mail':
      checkMail(spec as Extract<ChannelSpec, { kind: 'mail' }>, path, findings)
      return
    case 'webhook': {
      const { url, headers } = spec as Extract<ChannelSpec, { kind: 'webhook' }>
      checkUrl(url, path, findings)
      for (const [name, value] of Object.entries(headers)) {
        const isRight = headerName.test(name) && typeof value === 'string' && /^[\t\x20-\x7e]*$/.test(value)
        if (!isRight)
          findings.fault([...path, name], 'is no header of HTTP', "write webhook(url, { authorization: 'Bearer ...' })")
      }
      return
    }
    case 'ntfy': {
      const { url, token } = spec as Extract<ChannelSpec, { kind: 'ntfy' }>
      checkUrl(url, path, findings)
      if (URL.canParse(url) && !/\/[-\w]{1,64}$/.test(new URL(url).pathname))
        findings.fault(path, `${showValue(url)} names no topic`, "write ntfy('https://ntfy.sh/my-topic')")
      if (token !== undefined && !(typeof token === 'string' && /^[\x21-\x7e]+$/.test(token)))
        findings.fault([...path, 'token'], 'is no token', "write ntfy(url, { token: 'tk_...' })")
      return
    }
    case 'command': {
      const { command } = spec as Extract<ChannelSpec, { kind: 'command' }>
      if (!commands || commands.has(command)) return
      const names = [...commands.keys()]
      const meant = nearest(String(command), names)
      findings.fault(
        path,
        `commands.json has no command ${showValue(command)}`,
        meant ? `did you mean ${showValue(meant)}?` : `it has ${names.join(', ') || 'none'}`,
      )
      return
    }
    default:
      findings.fault(path, `${showValue(raw)} is no way to tell somebody`, 'write mail(), webhook(), ntfy() or command()')
  }
}

function checkMail({ to, from, server }: Extract<ChannelSpec, { kind: 'mail' }>, path: Path, findings: Findings): void {
  const isMailbox = (text: unknown) => typeof text === 'string' && mailbox.test(text)
  if (!Array.isArray(to) || to.length === 0) findings.fault(path, `${showValue(to)} names nobody`, "write 'ops@example.org'")
  else
    for (const one of to) {
      if (!isMailbox(one)) findings.fault(path, `${showValue(one)} is no mail address`, "write 'ops@example.org'")
    }
  if (from !== undefined && !isMailbox(from))
    findings.fault([...path, 'from'], `${showValue(from)} is no mail address`, "write 'log2table@example.org'")
  // What is wrong may hold a password: it is not shown.
  if (server !== undefined && !(typeof server === 'string' && URL.canParse(server) && /^smtps?:$/.test(new URL(server).protocol)))
    findings.fault(
      [...path, 'server'],
      'is no mail server',
      "write 'smtp://mail.example.org' or 'smtps://user:password@mail.example.org'",
    )
}

function checkUrl(url: unknown, path: Path, findings: Findings): void {
  if (typeof url === 'string' && URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return
  findings.fault(path, `${showValue(url)} is no address of the web`, "write 'https://example.org/hook'")
}
