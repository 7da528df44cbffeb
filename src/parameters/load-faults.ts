import { existsSync, readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Script } from 'node:vm'
import { showValue } from '../base/value.ts'
import type { Fault } from './fault.ts'

interface Place {
  readonly file: string
  readonly line?: number
  readonly column?: number
}

/** What was thrown while the user's files were read or run, with its place in them. `files`: the parameters file first. */
export function describeThrown(error: unknown, files: readonly string[]): Fault {
  const at = (place: Place | undefined) => ({ severity: 'fault' as const, path: '', ...(place ?? { file: files[0] ?? '' }) })
  if (!(error instanceof Error)) return { ...at(undefined), message: `threw ${showValue(error)}` }
  const { code } = error as NodeJS.ErrnoException
  const stack = error.stack ?? ''
  if (code === 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX') {
    const hint = 'only types can be taken away: no enum, namespace, decorator, or property declared by a parameter'
    return { ...at(headPlace(stack)), message: error.message, hint }
  }
  const where = framePlace(stack, files)
  if (error instanceof SyntaxError && !where) {
    return { ...at(headPlace(stack) ?? compilePlace(error.message, files)), message: `syntax error: ${firstLine(error.message)}` }
  }
  return { ...at(where), message: `threw ${error.name}: ${firstLine(error.message)}` }
}

/** What was asked for by `import` and is not there. */
export function describeImportFault(error: unknown, specifier: string, file: string): Fault {
  const line = lineOf(file, specifier)
  const isPath = /^\.{0,2}\//.test(specifier)
  const path = resolve(dirname(file), specifier)
  const ending = isPath ? ['.ts', '.js'].find((ending) => existsSync(path + ending)) : undefined
  const known = isPath ? `${path} does not exist` : 'there is no such package'
  let hint: string | undefined
  if (ending) hint = `write '${specifier}${ending}'`
  else if (specifier.startsWith('log2table/')) hint = "write 'log2table' or 'log2table/patterns'"
  const isNotFound = /NOT_FOUND|NOT_EXPORTED|DIR_IMPORT/.test(String((error as NodeJS.ErrnoException).code))
  return {
    severity: 'fault',
    file,
    ...(line !== undefined && { line }),
    path: '',
    message: `imports ${showValue(specifier)}, but ${isNotFound ? known : firstLine((error as Error).message)}`,
    ...(hint !== undefined && { hint }),
  }
}

const firstLine = (text: string) => text.split('\n', 1)[0]!

/** How many lines of the text Node shows at most below its place. */
const FRAME_LINES_MAX = 10

/** Node puts `file:3`, the line, and a caret below the fault at the head of some stacks. */
function headPlace(stack: string): Place | undefined {
  const [head = '', ...lines] = stack.split('\n')
  const marks = lines.slice(0, FRAME_LINES_MAX).find((line) => /^ *\^+ *$/.test(line))
  const [, path, line] = /^((?:file:\/\/)?\/.*?)(?:\?v=\d+)?:(\d+)$/.exec(head) ?? []
  if (path === undefined) return undefined
  const file = path.startsWith('file:') ? fileURLToPath(path) : path
  return { file, line: Number(line), ...(marks !== undefined && { column: marks.indexOf('^') + 1 }) }
}

/** The innermost call that is in one of the user's files. */
function framePlace(stack: string, files: readonly string[]): Place | undefined {
  for (const [, url, line, column] of stack.matchAll(/(file:\/\/\/[^\s)]+?)(?:\?v=\d+)?:(\d+):(\d+)\)?$/gm)) {
    const file = fileURLToPath(url!)
    if (files.includes(file)) return { file, line: Number(line), column: Number(column) }
  }
  return undefined
}

/**
 * V8 does not tell where in a module it found a syntax error. A script of the same text without its imports and exports,
 * compiled and never run, has the same fault at the same line, and there it does tell.
 */
function compilePlace(message: string, files: readonly string[]): Place | undefined {
  for (const file of files) {
    try {
      const text = readFileSync(file, 'utf8')
      const script = (file.endsWith('.ts') ? stripTypeScriptTypes(text) : text)
        .replace(/^\s*(?:import\b|export\s*[*{][^;'"]*\bfrom\b)[^;'"]*(['"])[^'"\n]*\1;?/gm, blank)
        .replace(/^export +default\b/gm, (text) => 'void'.padEnd(text.length))
        .replace(/^export\b/gm, blank)
      new Script(`(async () => {\n${script}\n})`, { filename: file, lineOffset: -1 })
    } catch (error) {
      if (error instanceof SyntaxError && error.message === message) return headPlace(error.stack ?? '')
    }
  }
  return undefined
}

/** White space of the same shape, so that lines keep their numbers. */
const blank = (text: string) => text.replace(/[^\n]/g, ' ')

/** The line that names what is imported. */
function lineOf(file: string, specifier: string): number | undefined {
  try {
    const lines = readFileSync(file, 'utf8').split('\n')
    const index = lines.findIndex((line) => line.includes(`'${specifier}'`) || line.includes(`"${specifier}"`))
    return index < 0 ? undefined : index + 1
  } catch {
    return undefined
  }
}
