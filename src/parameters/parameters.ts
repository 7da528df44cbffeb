import type { Network } from '../base/address.ts'
import type { Table, TableSpec } from '../firewall/firewall.ts'
import type { Feed, Pattern } from '../matching/pattern.ts'
import type { Generic } from '../rules/generic.ts'
import type { NotifyParameters } from './channels.ts'
import type { Metrics, MetricsParameters } from './check-metrics.ts'
import type { Notify } from './check-notify.ts'
import type { Commands } from './commands-json.ts'

/** What a user writes in /etc/log2table/parameters.ts. */
export interface Parameters {
  /**
   * Never banned, and their lines do not count: addresses and networks (`192.0.2.7`, `192.0.2.0/24`, `2001:db8::/32`), and
   * files of them, one a line (`file:/etc/log2table/friends`), which are read again when they change.
   */
  readonly ignore?: readonly string[]
  /**
   * Addresses and networks of proxies in front of our servers (`192.0.2.10`, `2001:db8::/64`), also those of a content network.
   * They are never banned. A line with such an address is that of the client that its group `forwarded` names, the text of
   * `X-Forwarded-For`: the last there who is no proxy. Without that group it does not count.
   */
  readonly proxies?: readonly string[]
  /** Firewall tables by name: `bad_ip: nftables()`. */
  readonly tables?: Readonly<Record<string, TableSpec>>
  /** Rules by name: `hackers: new Hackers({ table: 'bad_ip' })`. */
  readonly rules: Readonly<Record<string, Generic>>
  /**
   * Which patterns of which log feed which rule: `'/var/log/authlog': { hackers: sshd }`. A log is an absolute path, in
   * which `*` and `?` stand for anything but a slash, or one of `journal:UNIT`, `command:NAME`, `syslog:udp://ADDRESS:PORT`,
   * `docker:PATH` and `stdin:`.
   */
  readonly logs: Readonly<Record<string, Readonly<Record<string, readonly Pattern[]>>>>
  /**
   * The time zones of logs whose dates name none, where it is not this machine's: `'/var/log/fw1.log': 'Europe/Berlin'`. A
   * key of `logs`, and a name of the IANA database or an offset such as `+02:00`.
   */
  readonly zones?: Readonly<Record<string, string>>
  /** Whom to tell what matters: `{ to: mail({ to: 'ops@example.org' }) }`. Default: nobody. */
  readonly notify?: NotifyParameters
  /** Where what is counted is written for Prometheus: `{ file: '/var/lib/log2table-metrics/log2table.prom' }`. Default: nowhere. */
  readonly metrics?: MetricsParameters
  /** Where the state is kept. Default /var/lib/log2table, on the BSDs /var/db/log2table. */
  readonly stateFolder?: string
  /** The socket on which the daemon listens for commands. Default /var/run/log2table/control.sock. */
  readonly control?: string
}

/** Gives the parameters back as they are; it is there for its type, so that an editor and `tsc` find mistakes. */
export function parameters(parameters: Parameters): Parameters {
  return parameters
}

/** Parameters that have been checked, with every default in place. */
export interface Configuration {
  /** Where they were read from; undefined where there was nothing to read. */
  readonly folder: string | undefined
  readonly ignore: {
    readonly networks: readonly Network[]
    /** Absolute paths. */
    readonly files: readonly string[]
  }
  readonly proxies: readonly Network[]
  readonly tables: ReadonlyMap<string, Table>
  readonly rules: ReadonlyMap<string, Generic>
  readonly logs: readonly LogEntry[]
  /** What commands.json holds. */
  readonly commands: Commands
  /** Paths of the files that hold those who are in a table for life, by table. */
  readonly keptFiles: ReadonlyMap<string, string>
  /** Undefined where nobody is to be told. */
  readonly notify: Notify | undefined
  /** Undefined where no file is written. */
  readonly metrics: Metrics | undefined
  readonly stateFolder: string
  readonly control: string
}

/** One entry of `logs`. */
export interface LogEntry {
  /** As the user wrote it: a path, a path with wildcards, or `scheme:rest`. */
  readonly key: string
  /** Every pattern has its name and weight. */
  readonly feeds: readonly Feed[]
  /** Of its dates, where they name none and it is not this machine's. */
  readonly zone?: string
}

export const CONFIGURATION_FOLDER = '/etc/log2table'
export const CONTROL_SOCKET = '/var/run/log2table/control.sock'

export function stateFolderOf(platform: string): string {
  return platform.endsWith('bsd') ? '/var/db/log2table' : '/var/lib/log2table'
}

/** Where a keeper in a process of its own leaves what must be known of it when it is gone. */
export function keeperStateOf(platform: string): string {
  return `${stateFolderOf(platform)}-keeper`
}
