import { wasm } from './module.generated.ts'

/** Memory with the code that runs on what lies in it. */
export interface Machine {
  /** All of the memory. Not to be kept: it is another one after `allocate`. */
  readonly bytes: Buffer
  /** The same, in words of 32 bits. */
  readonly words: Uint32Array
  readonly code: MachineCode
  /** What runs automata in this memory, where that can be had. */
  readonly automata?: AutomataCode
  /** The address of so many new bytes, a multiple of 16. They are never given back, but with the machine itself. */
  allocate(byteLength: number): number
}

/** See wasm/assembly. All numbers are addresses or counts of bytes where nothing else is said. */
export interface MachineCode {
  /** Sets what is looked for: the address of tables laid out by `literalTables`, and what came with them. */
  configure(
    tables: number,
    sets: number,
    words: number,
    hashShift: number,
    shorts: number,
    records: number,
    recordsEnd: number,
    lineBytesMax: number,
  ): void
  /** Begins with a block, which ends in a line feed; 16 bytes before and 32 behind it can be read, whatever they are. */
  begin(from: number, to: number): void
  /** Goes on until all is looked at, or the records have no room for more. Gives where the records end. */
  scan(): number
  isDone(): number
  /** Lines of the block so far, and those of them over the cap. */
  countedLines(): number
  countedOverlong(): number
}

/** See wasm/assembly/automaton.ts and look.ts, automaton-memory.ts and candidates-memory.ts. */
export interface AutomataCode {
  /** Begins a run on a line; 0: no match, -1: a match, 1: stuck on a cell that is not known. */
  run(automaton: number, start: number, end: number): number
  stuckAutomaton(): number
  stuckRow(): number
  stuckColumn(): number
  /** Goes on with what is to be in that cell. */
  resume(cell: number): number
  /** What all runs took: a lookup a byte at most, and moves of registers. */
  stepsTaken(): number
  /** Looks at the lines that were found, with their candidates. */
  beginLook(candidates: number, costs: number, words: number, records: number, recordsEnd: number): void
  look(answer: number): number
  seenAt(): number
  /** Writes the address that these bytes are, see finds-memory.ts; gives its kind. */
  readAddress(start: number, end: number, to: number): number
  /** Sets where finds go, see finds-memory.ts. */
  setFinds(from: number, end: number): void
  /** Where the next one will go. */
  findsAt(): number
  /** Matches whose address is none, of all looks so far, modulo 2^32. */
  countedWithoutAddress(): number
}

/** What we use of it; TypeScript knows it as a part of browsers only. */
declare namespace WebAssembly {
  class Module {
    constructor(bytes: Uint8Array)
  }
  class Instance {
    constructor(module: Module)
    readonly exports: unknown
  }
  class Memory {
    readonly buffer: ArrayBuffer
    grow(pages: number): number
  }
}

const PAGE_BYTES = 65_536
const ALIGNMENT = 16

let compiled: WebAssembly.Module | undefined

/** A machine in WebAssembly. Throws where there is no WebAssembly here, or none with SIMD. */
export function wasmMachine(): Machine {
  compiled ??= new WebAssembly.Module(Buffer.from(wasm, 'base64'))
  return new WasmMachine(new WebAssembly.Instance(compiled))
}

interface Exports extends MachineCode, AutomataCode {
  readonly memory: WebAssembly.Memory
  heapBase(): number
}

class WasmMachine implements Machine {
  readonly code: MachineCode
  readonly automata: AutomataCode
  bytes: Buffer
  words: Uint32Array
  readonly #memory: WebAssembly.Memory
  #end: number

  constructor({ exports }: WebAssembly.Instance) {
    const code = exports as Exports
    this.code = code
    this.automata = code
    this.#memory = code.memory
    this.#end = code.heapBase()
    this.bytes = Buffer.from(this.#memory.buffer)
    this.words = new Uint32Array(this.#memory.buffer)
  }

  allocate(byteLength: number): number {
    const address = Math.ceil(this.#end / ALIGNMENT) * ALIGNMENT
    this.#end = address + byteLength
    const missing = this.#end - this.bytes.length
    if (missing > 0) {
      this.#memory.grow(Math.ceil(missing / PAGE_BYTES))
      this.bytes = Buffer.from(this.#memory.buffer)
      this.words = new Uint32Array(this.#memory.buffer)
    }
    return address
  }
}
