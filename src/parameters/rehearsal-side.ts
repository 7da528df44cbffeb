import { loadConfiguration } from './load.ts'

/** A process of its own, which loads a configuration and has no use for it: `rehearsal.ts` starts it, and sees whether it ends. */
await loadConfiguration(process.argv[2]!)
// Whatever has been begun that would keep us.
process.stdout.write('loaded', () => process.exit())
