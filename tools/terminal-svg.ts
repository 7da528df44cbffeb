import { html } from '../src/base/html.ts'

const CELL = { width: 8.4, height: 18 } as const
const MARGIN = 16
const FONT_SIZE = 14
const COLOURS: Readonly<Record<string, string>> = { 31: '#f2777a', 32: '#99cc99', 33: '#ffcc66' }
const PLAIN = '#d8d8d4'

interface Run {
  readonly text: string
  readonly column: number
  readonly colour: string
  readonly isBold: boolean
}

/** The screen of a terminal, with its escape sequences for bold and for colours, as a picture. */
export function terminalSvg(screen: string, { columns, title }: { columns: number; title: string }): string {
  const lines = runsOf(screen.replace(/\n$/, ''))
  const width = Math.round(columns * CELL.width + 2 * MARGIN)
  const height = lines.length * CELL.height + 2 * MARGIN
  const texts = lines.flatMap((runs, row) =>
    runs.map(({ text, column, colour, isBold }) => {
      const [x, y] = [(MARGIN + column * CELL.width).toFixed(1), MARGIN + row * CELL.height + FONT_SIZE]
      const length = (text.length * CELL.width).toFixed(1)
      return html`<text x="${x}" y="${y}" textLength="${length}" fill="${colour}" font-weight="${isBold ? 700 : 400}">${text}</text>\n`
    }),
  )
  return html`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace" font-size="${FONT_SIZE}" xml:space="preserve">
<title>${title}</title>
<rect width="${width}" height="${height}" rx="8" fill="#1d1f21"/>
${texts}</svg>
`.text
}

/**
 * Pieces of each line that look alike; each begins at its column, whatever the font of the viewer makes of the ones before. A
 * line begins with the look in which the one before ended.
 */
function runsOf(screen: string): readonly (readonly Run[])[] {
  let [colour, isBold] = [PLAIN, false]
  return screen.split('\n').map((line) => {
    const runs: Run[] = []
    let column = 0
    for (const part of line.split(/(\x1b\[[\d;]*m)/)) {
      const codes = /^\x1b\[([\d;]*)m$/.exec(part)?.[1]?.split(';')
      for (const code of codes ?? []) {
        if (code === '' || code === '0') [colour, isBold] = [PLAIN, false]
        else if (code === '1') isBold = true
        else if (code === '22') isBold = false
        else if (code === '39') colour = PLAIN
        else colour = COLOURS[code] ?? colour
      }
      if (codes) continue
      // Where several spaces stand, a new piece begins.
      for (const { 0: text, index } of part.matchAll(/\S+(?: \S+)*/g)) runs.push({ text, column: column + index, colour, isBold })
      column += part.length
    }
    return runs
  })
}
