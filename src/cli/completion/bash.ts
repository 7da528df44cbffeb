import { type Argument, type CompletedCommand, type CompletedOption, shellNames } from './tree.ts'

/** For bash 3 and later. What is neither an option nor in a list is completed as a file. */
export function bashCompletion(commands: readonly CompletedCommand[]): string {
  const names = commands.map(({ name }) => name).join(' ')
  const argumentsOf: Readonly<Record<Argument, string>> = {
    none: '',
    file: '',
    banned: '$(log2table bans 2>/dev/null | cut -f1)',
    command: names,
    shell: shellNames.join(' '),
  }
  const cases = commands.map(({ name, options, argument }) => {
    const values = flagsOf(options.filter(({ takesValue }) => takesValue))
    return `    ${name}) flags='${flagsOf(options)}' valued=' ${values} ' words="${argumentsOf[argument]}" ;;`
  })
  return `# bash completion for log2table: put into /etc/bash_completion.d, or \`source <(log2table completion bash)\`
_log2table() {
  local current=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD - 1]} command= flags= valued= words= i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case \${COMP_WORDS[i]} in
      --socket) ((i++)) ;;
      -*) ;;
      *) command=\${COMP_WORDS[i]} && break ;;
    esac
  done
  case $command in
    '') flags='--socket --help -h' valued=' --socket ' words='${names}' ;;
${cases.join('\n')}
  esac
  COMPREPLY=()
  case $valued in *" $before "*) return ;; esac
  case $current in -*) words=$flags ;; esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _log2table log2table
`
}

const flagsOf = (options: readonly CompletedOption[]) => options.flatMap(({ flags }) => flags).join(' ')
