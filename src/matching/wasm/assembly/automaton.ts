/**
 * Runs an automaton over a line. Its tables were put into memory by `automaton-memory.ts`, which says how they lie there;
 * `automaton/tables.ts` says what is in them. Where a cell is not known yet, JavaScript is asked for it.
 */

/** Of an automaton in memory, each 4 bytes but the columns: see automaton-memory.ts. */
const CELLS: usize = 0
const EDGES: usize = 4
const REGISTERS: usize = 8
const START: usize = 12
const END_OF_LINE: usize = 16
const LEAP: usize = 20
const SLOTS: usize = 24
/** The line that it last ran on. */
const FROM: usize = 28
const TO: usize = 32
/** How often it ran, and how often a leap did not hold. */
const RUNS: usize = 36
const FAILED: usize = 40
const COLUMNS: usize = 44

/** Of a leap or a skip, see leaps.ts. */
const SECOND: usize = 16
const WIDTH: usize = 32
const THEN: usize = 36
const ROW: usize = 40
const MARKS_BYTES: usize = 44
const MARKS: usize = 48

const UNKNOWN: i32 = 0
/** What a run gives beside 0, no match, and -1, a match. */
const STUCK: i32 = 1

/** The run that is stuck: on which automaton, where in the line, in which row. */
let automaton: usize = 0
let at: usize = 0
let end: usize = 0
let row: i32 = 0
let steps: u32 = 0

/** Runs on the line from `from` to `to`. */
export function run(tables: usize, from: usize, to: usize): i32 {
  automaton = tables
  at = from
  end = to
  row = load<i32>(tables, START)
  store<u32>(tables, from, FROM)
  store<u32>(tables, to, TO)
  store<u32>(tables, load<u32>(tables, RUNS) + 1, RUNS)
  store<u32>(load<u32>(tables, REGISTERS), from, 8)
  return goOn(UNKNOWN)
}

/** A slot of an automaton's last match. */
export function slot(tables: usize, number: usize): u32 {
  const registers = load<u32>(tables, REGISTERS) as usize
  return load<u32>(registers + ((load<u32>((load<u32>(tables, SLOTS) as usize) + (number << 2)) as usize) << 2))
}

export function stuckAutomaton(): usize {
  return automaton
}

export function stuckRow(): i32 {
  return row
}

export function stuckColumn(): i32 {
  return at < end ? load<u16>(automaton + COLUMNS + ((load<u8>(at) as usize) << 1)) : load<i32>(automaton, END_OF_LINE)
}

/** Goes on with what JavaScript has found for the cell; the tables may lie elsewhere now. */
export function resume(cell: i32): i32 {
  return goOn(cell)
}

/** What all runs took: a lookup a byte at most, and moves of registers. */
export function stepsTaken(): u32 {
  return steps
}

function goOn(known: i32): i32 {
  const cells = load<u32>(automaton, CELLS) as usize
  const edges = load<u32>(automaton, EDGES) as usize
  const registers = load<u32>(automaton, REGISTERS) as usize
  const columns = automaton + COLUMNS
  const leaps = cells + (load<u32>(automaton, LEAP) as usize)
  const from = at
  const to = end
  let here = at
  let now = row
  let cell = known
  let moves: u32 = 0
  while (true) {
    if (cell === UNKNOWN) {
      for (let leap = load<u32>(leaps + now) as usize; leap; ) {
        const bytes = v128.load(here)
        const width = load<u32>(leap, WIDTH)
        if (width) {
          const above = i8x16.sub(bytes, v128.load(leap))
          if (!i8x16.all_true(i8x16.le_u(above, v128.load(leap, SECOND))) || here + width > to) {
            store<u32>(automaton, load<u32>(automaton, FAILED) + 1, FAILED)
            break
          }
          const marksBytes = load<u32>(leap, MARKS_BYTES)
          for (let at: usize = 0; at < marksBytes; at += 4) {
            const mark = load<u32>(leap + at, MARKS)
            store<u32>(registers + (mark & 0xffffff), (here as u32) + (mark >> 24))
          }
          moves += marksBytes >> 2
          here += width
          now = load<i32>(leap, ROW)
          leap = load<u32>(leap, THEN)
        } else {
          const stays = v128.and(
            i8x16.swizzle(v128.load(leap), v128.and(bytes, i8x16.splat(15))),
            i8x16.swizzle(v128.load(leap, SECOND), i8x16.shr_u(bytes, 4)),
          )
          const others = i8x16.bitmask(i8x16.eq(stays, i8x16.splat(0)))
          here += others ? ctz(others) : 16
          if (here >= to) {
            here = to
            break
          }
          if (others) leap = load<u32>(leap, THEN)
        }
      }
      for (; here < to; here++) {
        cell = load<i32>(cells + load<u16>(columns + ((load<u8>(here) as usize) << 1)) + now)
        if (cell <= UNKNOWN) break
        now = cell
      }
      if (here >= to) cell = load<i32>(cells + load<u32>(automaton, END_OF_LINE) + now)
      if (cell === UNKNOWN) {
        at = here
        row = now
        steps += moves + ((here - from) as u32)
        return STUCK
      }
    }
    if (cell > UNKNOWN) now = cell
    else {
      let edge = edges + ((~cell as usize) << 2)
      now = load<i32>(edge)
      store<u32>(registers, here)
      if (now <= 0) {
        store<u32>(automaton, edge + 4, SLOTS)
        steps += moves + ((here - from + 1) as u32)
        return now
      }
      const count = load<u32>(edge, 4)
      moves += count
      for (let left = count; left; left--) {
        edge += 8
        store<u32>(registers + ((load<u32>(edge) as usize) << 2), load<u32>(registers + ((load<u32>(edge, 4) as usize) << 2)))
      }
    }
    here++
    cell = UNKNOWN
  }
}
