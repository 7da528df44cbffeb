import type { Command } from '../command.ts'

/** What `help` says of a command without loading it. */
export interface CommandEntry {
  readonly name: string
  /** Its arguments, as they stand in the overview. */
  readonly synopsis?: string
  /** What it does, beginning with a verb in small letters: fits a line of the overview. */
  readonly summary: string
  readonly load: () => Promise<Command>
}

/** The commands in groups, as the overview shows them. A new command is a file beside this one and an entry here. */
export const commandGroups: readonly { readonly title: string; readonly commands: readonly CommandEntry[] }[] = [
  {
    title: 'To begin with',
    commands: [
      {
        name: 'init',
        summary: 'look at this machine and write a configuration for it',
        load: async () => (await import('./init.ts')).init,
      },
      {
        name: 'watch',
        synopsis: '[LOG...]',
        summary: 'say live what would be banned; changes nothing',
        load: async () => (await import('./watch.ts')).watch,
      },
      {
        name: 'replay',
        synopsis: 'LOG...',
        summary: 'say what would have been banned, by old logs (.gz too)',
        load: async () => (await import('./replay.ts')).replay,
      },
    ],
  },
  {
    title: 'The configuration',
    commands: [
      {
        name: 'check',
        summary: 'find every fault of the configuration',
        load: async () => (await import('./check.ts')).check,
      },
      {
        name: 'test',
        synopsis: '[FILE...]',
        summary: 'prove patterns by their samples, or try them on a log',
        load: async () => (await import('./test.ts')).test,
      },
    ],
  },
  {
    title: 'The daemon',
    commands: [
      {
        name: 'run',
        summary: 'follow the logs and keep the tables, in the foreground',
        load: async () => (await import('./run.ts')).run,
      },
      {
        name: 'keeper',
        summary: 'change the firewall for a daemon that may not',
        load: async () => (await import('./keeper.ts')).keeper,
      },
      {
        name: 'reader',
        summary: 'read logs for a daemon that may not',
        load: async () => (await import('./reader.ts')).reader,
      },
      {
        name: 'status',
        summary: 'say whether all is well, and if not, what is wrong',
        load: async () => (await import('./status.ts')).status,
      },
      {
        name: 'top',
        summary: 'show live what happens, and who is nearest to a ban',
        load: async () => (await import('./top.ts')).top,
      },
      {
        name: 'doctor',
        summary: 'say whether it really blocks, and if not, why',
        load: async () => (await import('./doctor.ts')).doctor,
      },
      {
        name: 'reload',
        summary: 'put the changed configuration in force',
        load: async () => (await import('./reload.ts')).reload,
      },
      {
        name: 'release',
        synopsis: '[NAME...]',
        summary: 'list patterns and rules that were stopped; free them',
        load: async () => (await import('./release.ts')).release,
      },
    ],
  },
  {
    title: 'Bans',
    commands: [
      {
        name: 'bans',
        summary: 'list who is banned, until when and why',
        load: async () => (await import('./bans.ts')).bans,
      },
      {
        name: 'why',
        synopsis: 'ADDRESS',
        summary: 'tell why an address is banned, or why not',
        load: async () => (await import('./why.ts')).why,
      },
      {
        name: 'ban',
        synopsis: 'ADDRESS',
        summary: 'ban an address or network by hand',
        load: async () => (await import('./ban.ts')).ban,
      },
      {
        name: 'unban',
        synopsis: 'ADDRESS',
        summary: 'end all bans of an address or network',
        load: async () => (await import('./unban.ts')).unban,
      },
      {
        name: 'panic',
        summary: 'empty all tables at once, with or without a daemon',
        load: async () => (await import('./panic.ts')).panic,
      },
    ],
  },
  {
    title: 'The past',
    commands: [
      {
        name: 'offenders',
        summary: 'rank who offended, over months; who is proposed for life',
        load: async () => (await import('./offenders.ts')).offenders,
      },
      {
        name: 'report',
        summary: 'tell what happened in a week, as text or HTML',
        load: async () => (await import('./report.ts')).report,
      },
      {
        name: 'snapshot',
        synopsis: '[FILE]',
        summary: "put tables, or another machine's, into the history",
        load: async () => (await import('./snapshot.ts')).snapshot,
      },
      {
        name: 'confirm',
        synopsis: '[ADDRESS...]',
        summary: 'ban for life who was proposed for it',
        load: async () => (await import('./confirm.ts')).confirm,
      },
      {
        name: 'parole',
        synopsis: '[ADDRESS...]',
        summary: 'list those banned for life who fell silent; free them',
        load: async () => (await import('./parole.ts')).parole,
      },
    ],
  },
  {
    title: 'Packets',
    commands: [
      {
        name: 'pflog',
        summary: "follow pf's packet log as text, or read a capture",
        load: async () => (await import('./pflog.ts')).pflog,
      },
    ],
  },
  {
    title: 'The program',
    commands: [
      {
        name: 'help',
        synopsis: '[COMMAND]',
        summary: 'explain the program, or one command and its options',
        load: async () => (await import('./help.ts')).help,
      },
      {
        name: 'completion',
        synopsis: 'SHELL',
        summary: 'print what makes your shell complete our command lines',
        load: async () => (await import('./completion.ts')).completion,
      },
      {
        name: 'version',
        summary: 'print the version',
        load: async () => (await import('./version.ts')).version,
      },
    ],
  },
]

export const commandEntries: readonly CommandEntry[] = commandGroups.flatMap(({ commands }) => commands)
