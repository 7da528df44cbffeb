import { formatAddress, formatNetwork, type Network, parseNetwork, sourceNetwork, sourceOf } from '../../base/address.ts'
import { escapeText, jsonLine } from '../../base/escape.ts'
import { exitStatus } from '../../base/exit-status.ts'
import { localTime, localTimeNear } from '../../base/local-time.ts'
import { type Instant, isoTime } from '../../base/units.ts'
import { UserError } from '../../base/user-error.ts'
import type { StandingAnswer } from '../../daemon/control-protocol.ts'
import { type Fate, type Happening, type Story, storyOf } from '../../history/why.ts'
import type { EndedBan, SavedLedger } from '../../store/store.ts'
import { type Command, type Io, type JsonOption, jsonOption } from '../command.ts'
import { ask } from '../control-client.ts'
import { askHistory, databaseIn, type StateOption, stateOption } from '../history.ts'
import { addressArgument } from '../order.ts'
import { lasting, number, paint } from '../output.ts'

export interface WhyOptions extends JsonOption, StateOption {}

export const why: Command<[address: string], WhyOptions> = {
  declare: (syntax) =>
    syntax
      .argument('<address>', 'an address; or a network, of which bans alone are told')
      .option(...stateOption)
      .option(...jsonOption),
  help: `
Says first whether it is banned, and if not, why not. Then, in the order of
time, all that is known of it: each line that cost points, where it stands in
which log, what it cost, the sum of that moment, and what became of the points;
bans, what they were for, and their ends; bans that were refused. An address of
IPv6 stands for its /64. What strangers wrote is escaped.

The past is read from the database; the daemon, if it runs, says how things
stand now. Without it, nobody knows what is ignored or protected.

Examples
  log2table why 203.0.113.9
  log2table why 2001:db8:1:2::77
  log2table why 203.0.113.9 --json | jq 'select(.kind == "line") | .line'

Exit status
  0   it is banned
  1   it is not
  64  no address
  69  there is no database that could be read
`,
  async run([text], { state, json }, io) {
    const network = sourceOrNetwork(parseNetwork(addressArgument(text))!)
    const answer = await standingOf(network, io)
    const database = state === undefined ? (answer?.database ?? databaseIn()) : databaseIn(state)
    const standing = answer?.database === database ? answer : undefined
    const ledger = askHistory(database, (history) => history.ledger(network))
    const windows = new Map(standing?.rules.map(({ rule, windowMs }) => [rule, windowMs]))
    const story = storyOf(ledger, windows, io.now())
    if (json) writeJson(network, story, standing, io)
    else writeText(network, story, ledger, standing, io)
    return story.live.length > 0 ? exitStatus.done : exitStatus.no
  },
}

/** Everything is known of a source, so an address of IPv6 stands for its /64. */
function sourceOrNetwork(network: Network): Network {
  const source = sourceNetwork(sourceOf(network.address))
  return network.bits >= source.bits ? source : network
}

/** What the daemon says; undefined where none answers. */
async function standingOf(network: Network, { socketPath }: Io): Promise<StandingAnswer | undefined> {
  let standing: StandingAnswer | undefined
  try {
    await ask(socketPath, { do: 'standing', address: formatNetwork(network) }, (answer) => {
      if (answer.kind === 'standing') standing = answer
    })
  } catch (error) {
    if (!(error instanceof UserError) || error.status !== exitStatus.unavailable) throw error
  }
  return standing
}

function writeText(
  network: Network,
  story: Story,
  { hasMoreEvidence }: SavedLedger,
  standing: StandingAnswer | undefined,
  { stdout }: Io,
): void {
  const { happenings, live } = story
  const address = formatNetwork(network)
  const print = (line: string) => stdout.write(`${line}\n`)
  for (const ban of live) print(paint(stdout, 'red', `${address} is banned ${banText(ban, network)}`))
  if (live.length === 0) print(paint(stdout, 'green', `${address} is not banned`))
  for (const obstacle of obstaclesOf(story, standing)) print(`  ${obstacle}`)
  if (happenings.length > 0) print('')
  if (hasMoreEvidence) print('lines that are older than these are left out')
  for (const happening of happenings) {
    print(`${localTime(happening.at)} ${happeningText(happening, network)}`)
    if (happening.kind === 'line' && happening.hit.line !== '') print(`  | ${escapeText(happening.hit.line)}`)
  }
}

/** Why it is not banned, or what else stands in the way; sentences. */
function obstaclesOf({ happenings, live }: Story, standing: StandingAnswer | undefined): readonly string[] {
  if (!standing) {
    const what = live.length > 0 ? 'whether more is to come' : 'what it has left, and whether it is ignored or protected'
    return [`no daemon answers, so ${what} is not known`]
  }
  const { refusal, rules } = standing
  const obstacles: string[] = []
  if (refusal !== null) obstacles.push(`it must not be banned: ${escapeText(refusal)}`)
  for (const { rule, score, certain, threshold, quarantine, frozen } of rules) {
    if (quarantine !== null) obstacles.push(`rule ${rule} is quarantined: ${escapeText(quarantine)}`)
    if (frozen !== null) obstacles.push(`rule ${rule} is frozen and only watches: ${escapeText(frozen)}`)
    if (score === 0) continue
    const of = threshold === null ? '' : ` of ${number(threshold)}`
    const forged = certain < score ? `, ${number(score - certain)} of them by lines that can be forged` : ''
    obstacles.push(`${rule}: ${number(score)}${of} points now${forged}`)
  }
  if (live.length === 0 && happenings.length === 0 && obstacles.length === 0) obstacles.push('nothing is known of it')
  else if (live.length === 0 && obstacles.length === 0) obstacles.push('it has no points now')
  return obstacles
}

function banText({ at, until, table, rule, score, reason, network }: EndedBan, asked: Network): string {
  const points = score > 0 ? ` ${number(score)} points` : ''
  const around = network.bits === asked.bits ? '' : ` with ${formatNetwork(network)}`
  return `in ${table}${around} ${lasting(at, until)}, ${escapeText(rule)}${points}${reason === '' ? '' : `: ${escapeText(reason)}`}`
}

function happeningText(happening: Happening, asked: Network): string {
  switch (happening.kind) {
    case 'line': {
      const { hit, score, fate, isDecisive } = happening
      const sum = score === undefined || hit.points === 0 ? '' : ` = ${number(score)}`
      const who = asked.bits === 64 ? ` from ${formatAddress(hit.address)}` : ''
      const where = `${escapeText(hit.pattern)}${who} in ${escapeText(hit.log)} at ${hit.position}`
      const account = hit.account === undefined ? '' : `, account ${escapeText(hit.account)}`
      const forged = hit.spoofable ? ', can be forged' : ''
      const decisive = isDecisive ? ', which was enough' : ''
      return `line +${number(hit.points)}${sum} ${hit.rule}: ${where}${account}${forged}${decisive}; ${fateText(fate, happening.at)}`
    }
    case 'ban':
      return `ban ${banText(happening.ban, asked)}`
    case 'unban':
      return `unban in ${happening.ban.table}, ${escapeText(happening.ban.rule)}: ${escapeText(happening.reason)}`
    case 'refused': {
      const { table, rule, score, reason } = happening.refusal
      return `not banned in ${table}, ${escapeText(rule)} ${number(score)} points: ${escapeText(reason)}`
    }
    case 'login':
      return `last login accepted${happening.account === undefined ? '' : `, account ${escapeText(happening.account)}`}`
  }
}

function fateText(fate: Fate, at: Instant): string {
  switch (fate.kind) {
    case 'live':
      return 'counts'
    case 'free':
      return 'cost nothing'
    case 'expired':
      return `ran out ${localTimeNear(fate.at, at)}`
    case 'spent':
      return 'spent'
    case 'credited':
      return 'taken back by a good login'
    case 'forgotten':
      return 'forgotten'
    case 'unknown':
      return 'how long it counts is not known'
  }
}

function writeJson(network: Network, { happenings, live }: Story, standing: StandingAnswer | undefined, { stdout }: Io): void {
  const address = formatNetwork(network)
  for (const happening of happenings) stdout.write(`${jsonLine(happeningRecord(happening))}\n`)
  const { refusal = null, rules = [] } = standing ?? {}
  const isKnown = standing !== undefined
  stdout.write(`${jsonLine({ kind: 'standing', address, isBanned: live.length > 0, isKnown, refusal, rules })}\n`)
}

function happeningRecord(happening: Happening): object {
  const at = isoTime(happening.at)
  const { kind } = happening
  switch (happening.kind) {
    case 'line': {
      const { hit, score = null, fate, isDecisive } = happening
      const { rule, points, pattern, log, position, line, spoofable, account = null } = hit
      const became = { fate: fate.kind, ranOutAt: fate.kind === 'expired' ? isoTime(fate.at) : null, isDecisive }
      const address = formatAddress(hit.address)
      return { at, kind, rule, address, points, score, pattern, log, position, line, spoofable, account, ...became }
    }
    case 'ban': {
      const { network, table, rule, until, score, reason, ended } = happening.ban
      const endedAt = ended ? isoTime(ended.at) : null
      return { at, kind, address: formatNetwork(network), table, rule, until: isoTime(until), score, reason, endedAt }
    }
    case 'unban': {
      const { network, table, rule } = happening.ban
      return { at, kind, address: formatNetwork(network), table, rule, reason: happening.reason }
    }
    case 'refused': {
      const { network, table, rule, score, reason } = happening.refusal
      return { at, kind, address: formatNetwork(network), table, rule, score, reason }
    }
    case 'login':
      return { at, kind, account: happening.account ?? null }
  }
}
