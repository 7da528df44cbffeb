import { unknownKeyFault, type ValueFault } from '../base/value.ts'

/** What is wrong with a configuration, and where. With any `fault` it is not taken; a `warning` is only shown. */
export interface Fault {
  readonly severity: 'fault' | 'warning'
  /** The file; undefined while only its value is known. */
  readonly file?: string
  /** From 1, where known. */
  readonly line?: number
  readonly column?: number
  /** The place in the value: `logs["/var/log/authlog"].hackers[2].weight`; empty for the whole. */
  readonly path: string
  readonly message: string
  /** What to do. */
  readonly hint?: string
}

export type Path = readonly (string | number)[]

/** As it would be written in JavaScript. */
export function formatPath(path: Path): string {
  let text = ''
  for (const key of path) {
    if (typeof key === 'number') text += `[${key}]`
    else if (/^[A-Za-z_$][\w$]*$/.test(key)) text += text === '' ? key : `.${key}`
    else text += `[${JSON.stringify(key)}]`
  }
  return text
}

/** Collects what is wrong, so that a user sees all of it at once. */
export class Findings {
  readonly #faults: Fault[] = []

  get faults(): readonly Fault[] {
    return this.#faults
  }

  fault(path: Path, message: string, hint?: string): void {
    this.#add('fault', path, { message, ...(hint !== undefined && { hint }) })
  }

  warning(path: Path, message: string, hint?: string): void {
    this.#add('warning', path, { message, ...(hint !== undefined && { hint }) })
  }

  /** The fault of one value; does nothing where there is none. */
  value(path: Path, fault: ValueFault | undefined): void {
    if (fault) this.#add('fault', path, fault)
  }

  /** The keys of an object that nobody knows. */
  keys(path: Path, value: object, known: readonly string[]): void {
    for (const key of Object.keys(value)) if (!known.includes(key)) this.value([...path, key], unknownKeyFault(key, known))
  }

  #add(severity: Fault['severity'], path: Path, fault: ValueFault): void {
    this.#faults.push({ severity, path: formatPath(path), ...fault })
  }
}
