import { existsSync, writeFileSync } from 'node:fs'
import { waitFor } from './wait-for.ts'

/** For the beginning of a configuration: it says that it is being loaded, and waits until it may go on. `state` is where, beside its folder. */
export const WAITING = `
import { existsSync, writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
const state = new URL('../state/', import.meta.url)
writeFileSync(new URL('is-loaded', state), '')
while (!existsSync(new URL('go-on', state))) await sleep(20)
`

/** Does something while a `WAITING` configuration is loaded, and has it go on. */
export async function whileLoading(path: (name: string) => string, action: () => void): Promise<void> {
  await waitFor('it is being loaded', 20_000, () => existsSync(path('state/is-loaded')))
  action()
  writeFileSync(path('state/go-on'), '')
}
