import { formatNetwork } from '../../base/address.ts'
import { jsonLine } from '../../base/escape.ts'
import { type ExitStatus, exitStatus } from '../../base/exit-status.ts'
import { UserError } from '../../base/user-error.ts'
import type { SavedProposal } from '../../core/model.ts'
import { type Command, type Io, type JsonOption, jsonOption } from '../command.ts'
import { ask } from '../control-client.ts'
import { askHistory, databaseOf } from '../history.ts'
import { addressArgument, connectedFrom, giveOrder, sshConnectionOf } from '../order.ts'

export interface ConfirmOptions extends JsonOption {
  readonly all?: true
  readonly dismiss?: true
}

export const confirm: Command<[addresses: readonly string[]], ConfirmOptions> = {
  declare: (syntax) =>
    syntax
      .argument('[address...]', 'who: addresses as "log2table offenders --for-life" lists them')
      .option('--all', 'all who are proposed')
      .option('--dismiss', 'do not ban them: they are proposed no more, until their next ban')
      .option(...jsonOption),
  help: `
A rule proposes for life whoever comes back without end; this bans them, in the
table that the rule named and with its reason. What would lock somebody out is
refused, as with any ban.

With neither addresses nor --all it confirms the configuration that "log2table
reload --confirm 5m" has put in force, so that it stays. Who asked for that over ssh
must have come by another connection now (by SSH_CONNECTION).

Examples
  log2table offenders --for-life
  log2table confirm 203.0.113.9 198.51.100.1
  log2table confirm --all
  log2table confirm --dismiss 192.0.2.7
  log2table confirm

Exit status
  0   done, all of them
  1   one was refused, or is not proposed
  69  no daemon answers; or the firewall does not
`,
  async run([texts], { all, dismiss, json }, io) {
    if (texts.length === 0 && !all && !dismiss && (await confirmConfiguration(io))) return exitStatus.done
    const proposals = askHistory(await databaseOf({}, io), (history) => history.proposals())
    const chosen = chosenOf(texts.map(addressArgument), all ?? false, proposals, io)
    let status: ExitStatus = chosen.isComplete ? exitStatus.done : exitStatus.no
    for (const proposal of chosen.proposals) {
      const one = await (dismiss ? dismissOne(proposal, { json }, io) : confirmOne(proposal, { json }, io))
      if (one !== exitStatus.done) status = one
    }
    return status
  },
}

/** False where none is on trial, or no daemon is there. */
async function confirmConfiguration({ socketPath, env, stdout }: Io): Promise<boolean> {
  const connection = sshConnectionOf(env)
  try {
    const order = { do: 'confirm', ...(connection !== undefined && { connection }) } as const
    if ((await ask(socketPath, order, () => {})) !== exitStatus.done) return false
  } catch (error) {
    if (error instanceof UserError && error.status === exitStatus.unavailable) return false
    throw error
  }
  stdout.write('confirmed: the configuration stays in force\n')
  return true
}

function chosenOf(addresses: readonly string[], all: boolean, proposals: readonly SavedProposal[], { stderr }: Io) {
  if (all === addresses.length > 0) {
    throw new UserError(
      exitStatus.usage,
      'no configuration is on trial; name addresses, or all with --all; "log2table offenders --for-life" lists them',
    )
  }
  if (all) return { proposals, isComplete: true }
  const isOf = (address: string) => (proposal: SavedProposal) => formatNetwork(proposal.network) === address
  const missing = addresses.filter((address) => !proposals.some(isOf(address)))
  for (const address of missing) {
    stderr.write(`log2table: ${address} is not proposed for life; "log2table ban ${address} --for life" bans it all the same\n`)
  }
  return { proposals: addresses.flatMap((address) => proposals.filter(isOf(address))), isComplete: missing.length === 0 }
}

function confirmOne({ network, table, reason }: SavedProposal, json: JsonOption, io: Io): Promise<ExitStatus> {
  const invoker = connectedFrom(io.env)
  const order = { do: 'ban', address: formatNetwork(network), table, forMs: null, reason } as const
  return giveOrder({ ...order, ...(invoker !== undefined && { invoker }) }, json, io)
}

async function dismissOne({ network }: SavedProposal, { json }: JsonOption, { socketPath, stdout }: Io): Promise<ExitStatus> {
  const address = formatNetwork(network)
  const status = await ask(socketPath, { do: 'dismiss', address }, () => {})
  stdout.write(json ? `${jsonLine({ kind: 'dismissed', address })}\n` : `dismissed ${address}\n`)
  return status
}
