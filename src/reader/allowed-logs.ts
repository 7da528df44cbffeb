/** What the reader may read, by commands.json. */
export interface AllowedLogs {
  /** Folders, with all that is below them, and files. Absolute, without `..`. */
  readonly paths: readonly string[]
  /** Keys of captures. */
  readonly captures: readonly string[]
}
