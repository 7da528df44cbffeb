/** What `import ... from 'log2table'` gives: all that parameters and rules are made of. */
export type { Duration } from './base/duration.ts'
export type { Instant, Json, Until } from './base/units.ts'
export type { TableSpec } from './firewall/firewall.ts'
export { type Pattern, type PatternSet, type PatternSetInfo, patternSet, type Samples } from './matching/pattern.ts'
export { command, type MailOptions, mail, type NotifyParameters, ntfy, webhook } from './parameters/channels.ts'
export { type Parameters, parameters } from './parameters/parameters.ts'
export { addressFile, bsdRoute, commands, dryRun, ipfw, ipset, keptFile, nftables, npf, pf, route } from './parameters/tables.ts'
export {
  Generic,
  type History,
  type Hit,
  type OptionFault,
  type Outcome,
  type Points,
  type RuleDecision,
  type ScoredHit,
  type Wake,
} from './rules/generic.ts'
export { Hackers, type HackersOptions } from './rules/hackers.ts'
export { WifiTemp, type WifiTempOptions } from './rules/wifi-temp.ts'
