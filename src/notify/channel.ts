import type { Message } from './message.ts'

/** One way to people. */
export interface Channel {
  /** As it is called in our log: `mail to ops@example.org`. Names no secret. */
  readonly name: string
  /** Sends it, or throws why it could not be sent. */
  send(message: Message, signal: AbortSignal): Promise<void>
}

/** As parameters.ts declares it: made by `mail()`, `webhook()`, `ntfy()` and `command()`. */
export type ChannelSpec =
  | {
      readonly kind: 'mail'
      readonly to: readonly string[]
      readonly from: string | undefined
      readonly server: string | undefined
    }
  | { readonly kind: 'webhook'; readonly url: string; readonly headers: Readonly<Record<string, string>> }
  | { readonly kind: 'ntfy'; readonly url: string; readonly token: string | undefined }
  | { readonly kind: 'command'; readonly command: string }
