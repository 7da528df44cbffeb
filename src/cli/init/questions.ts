import { explainAddress } from '../../base/address-faults.ts'
import { nearest } from '../../base/nearest.ts'
import { type Discovery, planOf } from './discovery.ts'
import { type FirewallKind, firewallsOf } from './firewalls.ts'
import type { Plan } from './plan.ts'

/** Somebody who answers. */
export interface Dialogue {
  /** The answer to a question, without white space around it; undefined where there is nobody any more. */
  answerTo(question: string): Promise<string | undefined>
  say(text: string): void
}

/** Asks what only a person knows; an empty answer takes what was found. Undefined where the person went away. */
export async function askPlan(found: Discovery, dialogue: Dialogue): Promise<Plan | undefined> {
  dialogue.say('Enter takes what stands in brackets.\n')
  const plan = planOf(found)
  const ignore = await ask(
    dialogue,
    'From where do you log in by ssh, never to be banned? addresses, networks, or none',
    plan.ignore.join(' ') || 'none',
    networksOf,
  )
  if (!ignore) return undefined
  const kinds = firewallsOf[found.system]
  const firewall = await ask(dialogue, `The firewall: ${kinds.join(', ')}`, plan.firewall, (text) => firewallOf(text, kinds))
  if (!firewall) return undefined
  const files = [...new Set(found.proxies.map(({ from }) => from))].join(', ')
  const isProxy =
    found.proxies.length > 0
      ? await ask(dialogue, `Spare the proxies that ${files} names? yes or no`, 'yes', yesOrNo)
      : { value: true }
  if (!isProxy) return undefined
  const hasLifers = await ask(dialogue, 'Propose for life who comes back for months? yes or no', 'no', yesOrNo)
  if (!hasLifers) return undefined
  return {
    ...plan,
    ignore: ignore.value,
    firewall: firewall.value,
    proxies: isProxy.value ? plan.proxies : [],
    hasLifers: hasLifers.value,
  }
}

/** Whether it is right so. */
export async function askWhetherToWrite(names: readonly string[], folder: string, dialogue: Dialogue): Promise<boolean> {
  const answer = await ask(dialogue, `Write ${names.join(', ')} into ${folder}? yes or no`, 'yes', yesOrNo)
  return answer?.value ?? false
}

/** What an answer means, or what is wrong with it. */
type Understood<T> = { readonly value: T } | { readonly fault: string }

/** Asks until the answer is understood. */
async function ask<T>(
  dialogue: Dialogue,
  question: string,
  usual: string,
  understand: (text: string) => Understood<T>,
): Promise<{ readonly value: T } | undefined> {
  for (;;) {
    const answer = await dialogue.answerTo(`${question} [${usual}]: `)
    if (answer === undefined) return undefined
    const understood = understand(answer || usual)
    if ('value' in understood) return understood
    dialogue.say(`${understood.fault}\n`)
  }
}

function networksOf(text: string): Understood<readonly string[]> {
  if (text === 'none') return { value: [] }
  const words = text.split(/[\s,]+/)
  const fault = words.map(explainAddress).find((one) => one !== undefined)
  return fault === undefined ? { value: words } : { fault }
}

function firewallOf(text: string, kinds: readonly FirewallKind[]): Understood<FirewallKind> {
  const value = kinds.find((kind) => kind === text)
  if (value !== undefined) return { value }
  const meant = nearest(text, kinds)
  return { fault: meant === undefined ? `write one of ${kinds.join(', ')}` : `did you mean ${meant}?` }
}

function yesOrNo(text: string): Understood<boolean> {
  if (/^(?:y|yes)$/i.test(text)) return { value: true }
  return /^(?:n|no)$/i.test(text) ? { value: false } : { fault: 'write yes or no' }
}
