import type { Runner } from '../firewall/runner.ts'
import type { Channel } from './channel.ts'

/** A command of commands.json, which gets the text on its standard input. No argument is ours: no text can become an option. */
export function commandChannel(name: string, argv: readonly string[], run: Runner): Channel {
  return {
    name: `command ${name}`,
    async send({ subject, text }) {
      const { status, stderr, trouble } = await run({ argv, stdin: `${subject}\n\n${text}` })
      if (status !== 0) throw new Error(trouble ?? `exit status ${status}: ${stderr.trim().split('\n')[0]}`)
    },
  }
}
