import { escapeText } from '../../base/escape.ts'
import { exitStatus } from '../../base/exit-status.ts'
import { UserError } from '../../base/user-error.ts'
import type { Command } from '../command.ts'
import { bashCompletion } from '../completion/bash.ts'
import { fishCompletion } from '../completion/fish.ts'
import { kshCompletion } from '../completion/ksh.ts'
import { type CompletedCommand, commandTree, shellNames } from '../completion/tree.ts'
import { zshCompletion } from '../completion/zsh.ts'

const scripts: Readonly<Record<(typeof shellNames)[number], (commands: readonly CompletedCommand[]) => string>> = {
  bash: bashCompletion,
  fish: fishCompletion,
  ksh: kshCompletion,
  zsh: zshCompletion,
}

export const completion: Command<[shell: string]> = {
  declare: (syntax) => syntax.argument('<shell>', 'bash, zsh, fish, or ksh (OpenBSD)'),
  help: `
Prints a script that completes commands and options.

Examples
  log2table completion bash > /etc/bash_completion.d/log2table
  log2table completion zsh > /usr/local/share/zsh/site-functions/_log2table
  log2table completion fish > ~/.config/fish/completions/log2table.fish
  log2table completion ksh >> ~/.kshrc
`,
  async run([shell], _, io) {
    const name = shellNames.find((known) => known === shell)
    if (!name)
      throw new UserError(
        exitStatus.usage,
        `completion needs one of ${shellNames.join(', ')}, and there is "${escapeText(shell)}"`,
      )
    io.stdout.write(scripts[name](await commandTree()))
    return exitStatus.done
  },
}
