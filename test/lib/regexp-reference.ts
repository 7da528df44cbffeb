import { createContext, Script } from 'node:vm'

/** How long RegExp may take for a text until it is passed over. */
const REFERENCE_MS_MAX = 50

const context = createContext({})
const search = new Script(
  'texts.map((text) => { const found = regex.exec(text); return found && found.indices.flatMap((span) => span ?? [-1, -1]) })',
)

/** Where the match and each group begin and end in a text, -1 for a group that took no part; null for no match. */
export type Spans = readonly number[] | null

/** What V8's RegExp finds in each text; undefined where it takes too long. */
export function regexpSpans(
  { source, flags }: RegExp,
  texts: readonly string[],
  timeout: number = REFERENCE_MS_MAX,
): readonly (Spans | undefined)[] {
  context.regex = new RegExp(source, `${flags}d`)
  const run = (some: readonly string[]): readonly Spans[] | undefined => {
    context.texts = some
    try {
      const found: readonly Spans[] = search.runInContext(context, { timeout })
      return Array.from(found, (spans) => spans && Array.from(spans))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ERR_SCRIPT_EXECUTION_TIMEOUT') throw error
      return undefined
    }
  }
  return run(texts) ?? texts.flatMap((text): readonly (Spans | undefined)[] => run([text]) ?? [undefined])
}
