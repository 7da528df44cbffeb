/**
 * Text that a stranger wrote, made safe to show on a terminal, in our log or on a page of plain text: control characters
 * (C0, DEL, C1), the marks that turn the direction of text, and line and paragraph separators become `\xNN` or `\u{NNNN}`,
 * and a backslash becomes two, so that nothing shown can be mistaken for something escaped.
 */
export function escapeText(text: string): string {
  return text.replace(hostile, escapeCharacter)
}

/** The same for text of which parts were made safe before: what they show stays as it is. */
export function escapeRest(text: string): string {
  return text.replace(hostile, (character) => (character === '\\' ? character : escapeCharacter(character)))
}

const hostile =
  /[\\\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]|\p{Surrogate}/gu

function escapeCharacter(character: string): string {
  if (character === '\\') return '\\\\'
  const code = character.codePointAt(0)!
  return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u{${code.toString(16)}}`
}

/** A value as JSON on one line, with all that `escapeText` escapes written as `\uNNNN`: it reads back as the very same text. */
export function jsonLine(value: unknown): string {
  return JSON.stringify(value).replace(hostile, (character) => (character === '\\' ? character : escapeCodeUnits(character)))
}

function escapeCodeUnits(character: string): string {
  let text = ''
  for (let i = 0; i < character.length; i++) text += `\\u${character.charCodeAt(i).toString(16).padStart(4, '0')}`
  return text
}
