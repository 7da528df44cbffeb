import { type Argument, type CompletedCommand, type CompletedOption, shellNames } from './tree.ts'

/** For zsh 5, as a file of its function path. */
export function zshCompletion(commands: readonly CompletedCommand[]): string {
  const described = commands.map(({ name, summary }) => `    ${quoted(`${name}:${summary}`)}`)
  const cases = commands.map(({ name, options, argument }) => {
    const specs = [...options.map(specOf), ...argumentSpecs[argument]]
    return `    ${name})\n      _arguments -s ${specs.join(' \\\n        ')}\n      ;;`
  })
  return `#compdef log2table
# zsh completion for log2table: put as _log2table into a folder of $fpath, or \`source <(log2table completion zsh)\`
_log2table_commands() {
  local -a commands=(
${described.join('\n')}
  )
  _describe -t commands command commands
}

_log2table_banned() {
  local -a addresses=(\${(f)"$(log2table bans 2>/dev/null | cut -f1)"})
  compadd -a addresses
}

_log2table() {
  local curcontext=$curcontext state line
  typeset -A opt_args
  _arguments -C '--socket[where the daemon listens]:file:_files' '(- *)'{-h,--help}'[print help]' \\
    '1:command:_log2table_commands' '*::argument:->arguments'
  [[ $state == arguments ]] || return
  case $line[1] in
${cases.join('\n')}
  esac
}

if [[ $funcstack[1] == _log2table ]]; then
  _log2table "$@"
else
  compdef _log2table log2table
fi
`
}

const argumentSpecs: Readonly<Record<Argument, readonly string[]>> = {
  none: [],
  file: [`'*:file:_files'`],
  banned: [`'*:address:_log2table_banned'`],
  command: [`'1:command:_log2table_commands'`],
  shell: [`'1:shell:(${shellNames.join(' ')})'`],
}

function specOf({ flags, summary, takesValue }: CompletedOption): string {
  const text = `[${summary.replaceAll(/[[\]:\\]/g, '\\$&')}]${takesValue ? ':value:_files' : ''}`
  if (flags.length === 1) return quoted(flags[0]! + text)
  return `${quoted(`(${flags.join(' ')})`)}{${flags.join(',')}}${quoted(text)}`
}

const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`
