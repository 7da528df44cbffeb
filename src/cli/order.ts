import { formatAddress, formatNetwork, parseAddress, parseNetwork } from '../base/address.ts'
import { explainAddress } from '../base/address-faults.ts'
import { parseDuration } from '../base/duration.ts'
import { escapeText, jsonLine } from '../base/escape.ts'
import { type ExitStatus, exitStatus } from '../base/exit-status.ts'
import { UserError } from '../base/user-error.ts'
import { showValue } from '../base/value.ts'
import { CONFIRM_MS_MAX, type RequestMessage } from '../daemon/control-protocol.ts'
import { ancestorEnvironments } from '../firewall/read-protected.ts'
import type { Io, JsonOption } from './command.ts'
import { ask } from './control-client.ts'
import { lasting, untilOf } from './output.ts'

/** The address or network that a user gave, as canonical text; `::ffff:192.0.2.1` is 192.0.2.1. */
export function addressArgument(text: string): string {
  const network = parseNetwork(text)
  if (!network) throw new UserError(exitStatus.usage, explainAddress(text)!)
  return formatNetwork(network)
}

/** The first word of SSH_CONNECTION: who gives an order over ssh must be able to take it back. */
export function connectedFrom(env: Io['env']): string | undefined {
  const address = parseAddress(env.SSH_CONNECTION?.split(' ')[0] ?? '')
  return address === undefined ? undefined : formatAddress(address)
}

/** What `--confirm` says: how long a configuration is on trial. */
export function confirmMsOf(text: string): number {
  const ms = parseDuration(text)
  if (ms !== undefined && ms <= CONFIRM_MS_MAX) return ms
  throw new UserError(exitStatus.usage, `--confirm: ${showValue(text)} is no length of time up to a day; write 5m, for example`)
}

/**
 * SSH_CONNECTION whole: which connection an order came by. `sudo` and `doas` hide it, so the processes that led to us are
 * asked as well.
 */
export function sshConnectionOf(env: Io['env']): string | undefined {
  for (const one of [env, ...ancestorEnvironments()]) if (one.SSH_CONNECTION) return one.SSH_CONNECTION
  return undefined
}

/** Hands an order to the daemon and tells what has come of it; a refusal goes to standard error. */
export async function giveOrder(
  order: Extract<RequestMessage, { do: 'ban' | 'unban' }>,
  { json }: JsonOption,
  { socketPath, stdout, stderr }: Pick<Io, 'socketPath' | 'stdout' | 'stderr'>,
): Promise<ExitStatus> {
  let isAnswered = false
  const complain = (message: string) => stderr.write(`log2table: ${message}\n`)
  const status = await ask(socketPath, order, (answer) => {
    isAnswered = true
    if (answer.kind === 'warning') return complain(`not in force yet: ${escapeText(answer.message)}`)
    if (json) return stdout.write(`${jsonLine(answer)}\n`)
    switch (answer.kind) {
      case 'ban':
        return stdout.write(`banned ${answer.address} in ${answer.table} ${lasting(Date.parse(answer.at), untilOf(answer))}\n`)
      case 'unban':
        return stdout.write(`unbanned ${answer.address} in ${answer.table} (${escapeText(answer.rule)})\n`)
      case 'refused':
        return complain(`${answer.address} must not be banned: ${escapeText(answer.reason)}`)
    }
  })
  if (!isAnswered && status === exitStatus.no) complain(`${order.address} is not banned`)
  return status
}
