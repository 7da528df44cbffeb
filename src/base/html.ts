import { escapeRest, escapeText } from './escape.ts'

/** A piece of a page that may stand in it as it is. Only `html` makes one. */
export class Html {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

type Value = string | number | Html | readonly Html[]

/**
 * A piece of a page: what is written out is markup of ours, what is filled in is text, also within a quoted attribute, unless
 * it is such a piece itself. Control characters are shown as `escapeText` does.
 */
export function html(strings: TemplateStringsArray, ...values: readonly Value[]): Html {
  return new Html(strings.map((string, index) => (index === 0 ? string : `${markup(values[index - 1]!)}${string}`)).join(''))
}

/** Text of which parts were made safe before, such as a sentence about a log: see `escapeRest`. */
export function sentence(text: string): Html {
  return new Html(withoutMarkup(escapeRest(text)))
}

function markup(value: Value): string {
  if (typeof value === 'number') return String(value)
  if (typeof value === 'string') return withoutMarkup(escapeText(value))
  return value instanceof Html ? value.text : value.map(({ text }) => text).join('')
}

const withoutMarkup = (text: string) => text.replace(/[&<>"'`]/g, (character) => `&#${character.charCodeAt(0)};`)
