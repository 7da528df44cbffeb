import { join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { jsonLine } from '../../base/escape.ts'
import { type ExitStatus, exitStatus } from '../../base/exit-status.ts'
import { UserError } from '../../base/user-error.ts'
import { createRunner } from '../../firewall/runner.ts'
import { CONFIGURATION_FOLDER } from '../../parameters/parameters.ts'
import { type Command, type Io, type JsonOption, jsonOption } from '../command.ts'
import { wrapped } from '../help-text.ts'
import { type Discovery, discover, planOf } from '../init/discovery.ts'
import { filesOf } from '../init/files.ts'
import type { Plan, PlannedFile } from '../init/plan.ts'
import { askPlan, askWhetherToWrite, type Dialogue } from '../init/questions.ts'
import { siteAt, thisSite } from '../init/site.ts'
import { type Step, stepsOf } from '../init/steps.ts'
import { summaryOf } from '../init/summary.ts'
import { filesInTheWay, writeFiles } from '../init/writing.ts'
import { sshConnectionOf } from '../order.ts'
import { paint } from '../output.ts'

/** Fits a console of a server; commands and lines for files are not wrapped. */
const LINE_WIDTH = 80
const STEP_INDENT = 3

interface Options extends JsonOption {
  readonly yes?: true
  readonly dryRun?: true
  readonly config: string
  readonly root?: string
}

export const init: Command<[], Options> = {
  declare: (syntax) =>
    syntax
      .option('--yes', 'ask nothing: take what was found')
      .option('--dry-run', 'ask nothing and write nothing: print the files, and what would be left to do')
      .option('--config <dir>', 'the folder to write', CONFIGURATION_FOLDER)
      .option('--root <dir>', 'look at, and write for, the system below this folder, such as a jail or an image')
      .option(...jsonOption),
  help: `
Looks which system and firewall this is, which logs there are and of what
services, from where you are logged in, and which proxies the web server knows;
then writes parameters.ts and rules.ts, with comments that teach, and
commands.json where it is needed. On a terminal a few questions are asked first;
Enter takes what stands in brackets. At last it says what is left to do, such as
the rule in pf.conf.

It changes nothing else, and never overwrites a file. Run as root it sees all
logs, and can write /etc. Of another system (--root) only files are looked at.

Examples
  log2table init
  log2table init --dry-run | less
  log2table init --yes --config ./etc

Exit status
  0   written; with --dry-run: it would be
  1   a file is there already, or the last answer was no: nothing was written
  64  there is no terminal to ask on, and no --yes
  77  not permitted
`,
  async run(_args, { yes, dryRun, config, root, json }, io) {
    const folder = root === undefined ? resolve(config) : join(resolve(root), config)
    const asks = !yes && !dryRun
    if (asks && (json || !isTerminal(io)))
      throw new UserError(
        exitStatus.usage,
        'there is nobody to ask; say --yes to take what is found, or --dry-run to see it first',
      )
    const inTheWay = filesInTheWay(folder)
    if (inTheWay.length > 0 && !dryRun) return refuse(inTheWay, io)

    const site = root === undefined ? thisSite(createRunner()) : siteAt(resolve(root))
    const found = await discover(site, sshConnectionOf(io.env))
    if (json) for (const record of recordsOf(found)) io.stdout.write(`${jsonLine(record)}\n`)
    else io.stdout.write(`${summaryOf(found, io.stdout)}\n`)

    const plan = asks ? await answered(found, folder, io) : planOf(found)
    if (!plan) {
      io.stdout.write('nothing was written\n')
      return exitStatus.no
    }
    const files = filesOf(plan)
    if (!dryRun) writeFiles(folder, files)
    showFiles(files, folder, { dryRun, json }, io)
    if (!json && !dryRun) io.stdout.write('\n')
    showSteps(stepsOf(plan, found, site, root === undefined ? folder : config), json, io)
    return inTheWay.length > 0 ? refuse(inTheWay, io) : exitStatus.done
  },
}

function isTerminal({ stdin, stdout }: Pick<Io, 'stdin' | 'stdout'>): boolean {
  return stdout.isTerminal && 'isTTY' in stdin && stdin.isTTY === true
}

function refuse(inTheWay: readonly string[], { stderr }: Pick<Io, 'stderr'>): ExitStatus {
  const [is, it] = inTheWay.length === 1 ? ['is', 'it'] : ['are', 'them']
  stderr.write(`log2table: ${inTheWay.join(', ')} ${is} there already; nothing is written, move ${it} away first\n`)
  return exitStatus.no
}

/** The plan that a person agreed to; undefined where there is none. */
async function answered(found: Discovery, folder: string, { stdin, stdout }: Io): Promise<Plan | undefined> {
  const reader = createInterface({ input: stdin, terminal: false })
  const lines = reader[Symbol.asyncIterator]()
  const dialogue: Dialogue = {
    async answerTo(question) {
      stdout.write(question)
      const { value, done } = await lines.next()
      if (done) stdout.write('\n')
      return done ? undefined : value.trim()
    },
    say: (text) => stdout.write(text),
  }
  try {
    const plan = await askPlan(found, dialogue)
    const names = plan && filesOf(plan).map(({ name }) => name)
    return names && (await askWhetherToWrite(names, folder, dialogue)) ? plan : undefined
  } finally {
    reader.close()
  }
}

function recordsOf({ system, firewall, logs, closed, people, proxies, ownAddresses }: Discovery) {
  return [
    { kind: 'machine', system, firewall: firewall.kind, because: firewall.because, people, proxies, ownAddresses },
    ...logs.map(({ key, sets, files }) => ({ kind: 'log', key, sets, closed: files.some((file) => closed.includes(file)) })),
  ]
}

function showFiles(
  files: readonly PlannedFile[],
  folder: string,
  { dryRun, json }: Pick<Options, 'dryRun' | 'json'>,
  { stdout }: Pick<Io, 'stdout'>,
): void {
  for (const { name, text } of files) {
    const path = join(folder, name)
    if (json) stdout.write(`${jsonLine({ kind: 'file', path, text, written: !dryRun })}\n`)
    else if (dryRun) stdout.write(`${paint(stdout, 'bold', `==> ${path} <==`)}\n${text}\n`)
    else stdout.write(`wrote ${path}\n`)
  }
}

function showSteps(steps: readonly Step[], json: true | boolean | undefined, { stdout }: Pick<Io, 'stdout'>): void {
  if (json) {
    for (const step of steps) stdout.write(`${jsonLine({ kind: 'step', ...step })}\n`)
    return
  }
  stdout.write(`${paint(stdout, 'bold', 'What is left to do:')}\n`)
  for (const [index, { says, lines }] of steps.entries()) {
    const [first, ...others] = wrapped(says, LINE_WIDTH - STEP_INDENT)
    const sentence = [`${index + 1}.`.padEnd(STEP_INDENT) + first, ...others.map((line) => ' '.repeat(STEP_INDENT) + line)]
    stdout.write(`\n${[...sentence, ...lines.map((line) => `     ${line}`)].join('\n')}\n`)
  }
}
