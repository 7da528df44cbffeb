/** The longest line that is looked at, in bytes without its end. A longer one is counted and skipped whole, never cut and matched. */
export const LINE_BYTES_MAX = 16 * 1024

/** How much of a log is read at once. */
export const CHUNK_BYTES = 64 * 1024
