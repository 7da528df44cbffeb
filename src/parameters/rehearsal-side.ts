import { loadConfiguration } from './load.ts'

/** A process of its own, which loads a configuration and has no use for it: `rehearsal.ts` starts it, and sees whether it ends. */
void rehearse(process.argv[2]!)

async function rehearse(folder: string): Promise<void> {
  await loadConfiguration(folder)
  // Whatever has been begun that would keep us.
  process.stdout.write('loaded', () => process.exit())
}
