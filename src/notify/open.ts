import type { Runner } from '../firewall/runner.ts'
import type { Channel, ChannelSpec } from './channel.ts'
import { commandChannel } from './command.ts'
import { ntfyChannel, webhookChannel } from './http.ts'
import { mailChannel } from './mail.ts'

/** The channel that a declaration stands for. A new kind is a file beside this one, a case here, and a row in `ChannelSpec`. */
export function openChannel(
  spec: ChannelSpec,
  {
    host,
    run,
    commands,
  }: { readonly host: string; readonly run: Runner; readonly commands: ReadonlyMap<string, readonly string[]> },
): Channel {
  switch (spec.kind) {
    case 'mail':
      return mailChannel(spec, host)
    case 'webhook':
      return webhookChannel(spec)
    case 'ntfy':
      return ntfyChannel(spec)
    case 'command':
      // `check` has seen to it that it is there.
      return commandChannel(spec.command, commands.get(spec.command)!, run)
  }
}
