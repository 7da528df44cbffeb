import { durationFault, showValue, unknownKeyFault, type ValueFault, wholeNumberFault } from '../base/value.ts'
import type { OptionFault } from './generic.ts'

/** What an option may be: the faults of a value, each with its place within the option (`[1]`, or nothing). */
export type OptionKind = (value: unknown) => readonly OptionFault[]

/** The faults of a rule's options: unknown keys, missing ones (all but those of `required` may be left out), wrong values. */
export function checkOptions(
  options: unknown,
  known: Readonly<Record<string, OptionKind>>,
  required: readonly string[] = [],
): readonly OptionFault[] {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    return [
      {
        option: '',
        message: `${showValue(options)} is not an object of options`,
        hint: `known keys are ${Object.keys(known).join(', ')}`,
      },
    ]
  }
  const faults: OptionFault[] = []
  for (const key of required) {
    if (!(key in options)) faults.push({ option: key, message: 'is missing' })
  }
  for (const [key, value] of Object.entries(options)) {
    if (!Object.hasOwn(known, key)) faults.push({ option: key, ...unknownKeyFault(key, Object.keys(known)) })
    else if (value !== undefined) for (const fault of known[key]!(value)) faults.push({ ...fault, option: key + fault.option })
    else if (required.includes(key)) faults.push({ option: key, message: 'is undefined' })
  }
  return faults
}

export const duration: OptionKind = (value) => one(durationFault(value))

/** One length of time, or a list of them. */
export const durations: OptionKind = (value) => {
  if (!Array.isArray(value)) return duration(value)
  if (value.length === 0)
    return [{ option: '', message: 'is an empty list', hint: 'write at least one length of time, such as "1h"' }]
  return value.flatMap((step, i) => duration(step).map((fault) => ({ ...fault, option: `[${i}]` })))
}

export function wholeNumber(limits: { min: number; max: number }): OptionKind {
  return (value) => one(wholeNumberFault(value, limits))
}

export const yesOrNo: OptionKind = (value) =>
  typeof value === 'boolean' ? [] : [{ option: '', message: `${showValue(value)} is neither true nor false` }]

/** Options within an option. */
export function group(known: Readonly<Record<string, OptionKind>>, required: readonly string[] = []): OptionKind {
  return (value) =>
    checkOptions(value, known, required).map((fault) => ({ ...fault, option: fault.option === '' ? '' : `.${fault.option}` }))
}

/** The name of a table; that it is declared is seen to elsewhere. */
export const tableName: OptionKind = (value) =>
  typeof value === 'string'
    ? []
    : [{ option: '', message: `${showValue(value)} is not the name of a table`, hint: 'write one of those in tables' }]

function one(fault: ValueFault | undefined): readonly OptionFault[] {
  return fault ? [{ option: '', ...fault }] : []
}
