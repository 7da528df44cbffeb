/** Where memory is free: what lies before is the code's own. */
export function heapBase(): usize {
  return __heap_base
}
