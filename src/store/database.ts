import * as sqlite from 'node:sqlite'

/** Node is renaming its class; whichever is there. */
export const Database: typeof sqlite.DatabaseSync =
  (sqlite as { readonly Database?: typeof sqlite.DatabaseSync }).Database ?? sqlite.DatabaseSync

export type Database = sqlite.DatabaseSync
