import { escapeText } from '../base/escape.ts'
import { localTime } from '../base/local-time.ts'
import type { Instant } from '../base/units.ts'
import type { BanDecision } from '../core/model.ts'

/** What is sent to people. Plain text; what strangers wrote in it is escaped, and the subject is one line. */
export interface Message {
  readonly subject: string
  readonly text: string
  /** The same as a page, for those who can show one. */
  readonly html?: string
  /** A person is needed, and soon. */
  readonly isUrgent: boolean
}

/** What there is to tell of a length of time. */
export interface Digest {
  readonly host: string
  readonly since: Instant
  readonly until: Instant
  /** What needs a person, and what is well again: sentences, in the order of time. */
  readonly news: readonly { readonly at: Instant; readonly text: string }[]
  /** How many bans there were, by rule and table. */
  readonly bans: ReadonlyMap<string, number>
  /** The last of them. */
  readonly latestBans: readonly BanDecision[]
}

const SUBJECT_CHARACTERS_MAX = 120

/** One message, however much there was. */
export function digestMessage(digest: Digest): Message {
  const { host, since, until, news, bans, latestBans } = digest
  const total = [...bans.values()].reduce((sum, count) => sum + count, 0)
  const what = [counted(total, 'ban'), ...(news.length > 0 ? [counted(news.length, 'message')] : [])].join(', ')
  const sections = [
    `From ${localTime(since)} to ${localTime(until)}:`,
    ...(news.length > 0 ? [news.map(line).join('\n')] : []),
    ...(total > 0
      ? [
          [...bans]
            .sort(([, a], [, b]) => b - a)
            .map(([name, count]) => `${String(count).padStart(8)}  ${escapeText(name)}`)
            .join('\n'),
        ]
      : []),
    ...(latestBans.length > 0 ? [`The last ${counted(latestBans.length, 'ban')}:\n${latestBans.map(banLine).join('\n')}`] : []),
    ...(total > latestBans.length ? ['"log2table bans" lists all that last still, "log2table offenders" who comes again.'] : []),
  ]
  return { subject: subjectOf(host, what), text: `${sections.join('\n\n')}\n`, isUrgent: false }
}

/** What cannot wait for the digest. */
export function urgentMessage(host: string, news: Digest['news']): Message {
  const [first] = news
  const subject = subjectOf(host, news.length === 1 ? first!.text : `${counted(news.length, 'message')} that cannot wait`)
  return { subject, text: `${news.map(line).join('\n')}\n\n"log2table status" says how it stands now.\n`, isUrgent: true }
}

function subjectOf(host: string, what: string): string {
  const subject = escapeText(`log2table on ${host}: ${what}`)
  return subject.length > SUBJECT_CHARACTERS_MAX
    ? `${subject.slice(0, SUBJECT_CHARACTERS_MAX - 3).replace(/[\ud800-\udbff]$/, '')}...`
    : subject
}

const line = ({ at, text }: Digest['news'][number]) => `${localTime(at)} ${escapeText(text)}`

function banLine({ at, address, table, until, rule, reason }: BanDecision): string {
  const end = until === Number.POSITIVE_INFINITY ? 'for life' : `until ${localTime(until)}`
  return escapeText(`${localTime(at)} ${address} ${table} ${end} (${rule}: ${reason})`)
}

/** The same message, which also says how many before it never came. */
export function withGivenUp(message: Message, givenUp: number): Message {
  if (givenUp === 0) return message
  const text = `${message.text}\n${counted(givenUp, 'message')} before this could not be sent and ${givenUp === 1 ? 'was' : 'were'} given up.\n`
  return { ...message, text }
}

const counted = (count: number, what: string) => `${count.toLocaleString('en')} ${what}${count === 1 ? '' : 's'}`
