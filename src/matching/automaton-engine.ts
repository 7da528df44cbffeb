import { type Address, parseAddress } from '../base/address.ts'
import type { Automaton } from './automaton/automaton.ts'
import type { Engine, FoundGroups } from './engine.ts'
import type { Machine } from './wasm/machine.ts'

/** An automaton, at work where the lines lie. */
export function automatonEngine(automaton: Automaton, machine: Machine): Engine {
  return new AutomatonEngine(automaton, machine)
}

class AutomatonEngine implements Engine {
  readonly kind = 'automaton'
  readonly groups: ReadonlyMap<string, number>
  readonly #automaton: Automaton
  readonly #machine: Machine
  #start = 0
  #end = 0
  #matchEnd = -1
  /** Groups of the last match; asked for only where someone wants to know. */
  #slots: Int32Array | undefined

  constructor(automaton: Automaton, machine: Machine) {
    this.groups = automaton.groups
    this.#automaton = automaton
    this.#machine = machine
  }

  run(start: number, end: number): boolean {
    this.#start = start
    this.#end = end
    this.#slots = undefined
    this.#matchEnd = this.#automaton.find(this.#machine.bytes, start, end)
    return this.#matchEnd >= 0
  }

  matchEnd(): number {
    return this.#matchEnd
  }

  address(group: number): Address | undefined {
    const slots = this.#spans()
    const start = slots[2 * group]!
    return start < 0 ? undefined : addressIn(this.#machine.bytes, start, slots[2 * group + 1]!)
  }

  found(): FoundGroups {
    return new Again(this, this.#start, this.#end)
  }

  /** A group's text in the match of a line that may not be the last one that was run. */
  textIn(start: number, end: number, group: number): string | undefined {
    if (start !== this.#start || end !== this.#end) this.run(start, end)
    const slots = this.#spans()
    const from = slots[2 * group]!
    return from < 0 ? undefined : textIn(this.#machine.bytes, from, slots[2 * group + 1]!)
  }

  #spans(): Int32Array {
    this.#slots ??= this.#automaton.spans(this.#machine.bytes, this.#start, this.#end, this.#matchEnd)
    return this.#slots
  }
}

/** The groups of a match, which is found once more if need be: that is cheaper than to keep them all. */
class Again implements FoundGroups {
  readonly #engine: AutomatonEngine
  readonly #start: number
  readonly #end: number

  constructor(engine: AutomatonEngine, start: number, end: number) {
    this.#engine = engine
    this.#start = start
    this.#end = end
  }

  text(group: number): string | undefined {
    return this.#engine.textIn(this.#start, this.#end, group)
  }
}

/** As `parseAddress` has it; no string is made of the usual form. */
function addressIn(bytes: Uint8Array, start: number, end: number): Address | undefined {
  return ipv4In(bytes, start, end) ?? parseAddress(latin1In(bytes, start, end))
}

function ipv4In(bytes: Uint8Array, start: number, end: number): number | undefined {
  let address = 0
  let octet = 0
  let digits = 0
  let dots = 0
  for (let at = start; at < end; at++) {
    const digit = bytes[at]! - 48
    if (digit >= 0 && digit <= 9) {
      if (digits > 0 && octet === 0) return undefined // a leading zero
      octet = octet * 10 + digit
      if (octet > 255) return undefined
      digits++
    } else if (bytes[at] === 46 && digits > 0 && dots < 3) {
      address = address * 256 + octet
      octet = 0
      digits = 0
      dots++
    } else return undefined
  }
  return dots === 3 && digits > 0 ? address * 256 + octet : undefined
}

function latin1In(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1')
}

function textIn(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('utf8')
}
