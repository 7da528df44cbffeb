import { type Pattern, WEIGHT_DEFAULT } from '../matching/pattern.ts'

/** A pattern without a name is called by its place (`/var/log/authlog#3`), so that its hits can be traced to it. */
export function withDefaults(pattern: Pattern, place: string, index: number): Pattern {
  return { ...pattern, name: pattern.name ?? `${place}#${index + 1}`, weight: pattern.weight ?? WEIGHT_DEFAULT }
}
