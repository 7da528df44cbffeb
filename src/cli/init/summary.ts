import { escapeText } from '../../base/escape.ts'
import type { Output } from '../command.ts'
import { paint } from '../output.ts'
import type { Discovery } from './discovery.ts'
import { systemNames } from './plan.ts'

/** What was found, for a person. */
export function summaryOf({ system, firewall, logs, people, proxies, ownAddresses }: Discovery, output: Output): string {
  const title = (text: string) => paint(output, 'bold', text)
  const width = Math.max(0, ...logs.map(({ key }) => key.length))
  const logLines = logs.map(({ key, sets }) => `  ${escapeText(key).padEnd(width)}  ${sets.join(', ')}`)
  const others = [
    ['you', people, 'logged in by ssh'],
    ['proxies', proxies.map(({ network }) => network), 'in front of the web server'],
    ['itself', ownAddresses, 'its own addresses'],
  ] as const
  const spared = others.flatMap(([who, addresses, what]) =>
    addresses.length > 0 ? [`  ${who.padEnd(7)}  ${addresses.join(', ')} (${what})`] : [],
  )
  return [
    `${title('system')}    ${systemNames[system]}`,
    `${title('firewall')}  ${firewall.kind === 'dryRun' ? 'none' : firewall.kind}: ${firewall.because}`,
    title(logs.length > 0 ? 'logs' : 'logs      none that we know'),
    ...logLines,
    ...(spared.length > 0 ? [title('never banned'), ...spared] : []),
    '',
  ].join('\n')
}
