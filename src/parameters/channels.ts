import type { Duration } from '../base/duration.ts'
import type { ChannelSpec } from '../notify/channel.ts'

/** Whom to tell what matters, and how. */
export interface NotifyParameters {
  /** Ways to people: `mail({ to: 'ops@example.org' })`, or a list of them. Every message goes all of them. */
  readonly to: ChannelSpec | readonly ChannelSpec[]
  /** How often what does not need anybody at once is told, if there is something to tell. Default 1d. */
  readonly digest?: Duration
  /** Sends what `log2table report` tells of the last week, every Monday at six by local time; by mail also as a page. */
  readonly report?: 'weekly'
}

export interface MailOptions {
  readonly to: string | readonly string[]
  /** Default: the user who runs log2table, at this host. */
  readonly from?: string
  /** `smtp://mail.example.org`, `smtp://user:password@mail.example.org:587`, `smtps://...`. Default: this machine's own sendmail. */
  readonly server?: string
}

/** Mail, by this machine's own sendmail or to a server. */
export function mail({ to, from, server }: MailOptions): ChannelSpec {
  return { kind: 'mail', to: typeof to === 'string' ? [to] : to, from, server }
}

/** A POST of JSON: `{ "subject": ..., "text": ..., "urgent": ... }`. */
export function webhook(url: string, headers: Readonly<Record<string, string>> = {}): ChannelSpec {
  return { kind: 'webhook', url, headers }
}

/** A topic of ntfy: `ntfy('https://ntfy.sh/my-topic')`. */
export function ntfy(url: string, options: { readonly token?: string } = {}): ChannelSpec {
  return { kind: 'ntfy', url, token: options.token }
}

/** A command of commands.json, which gets the message on its standard input. */
export function command(name: string): ChannelSpec {
  return { kind: 'command', command: name }
}
