/**
 * Imports a module that is no part of the program. What tools/bundle.js joins is run as a script, which cannot import: so this
 * is given to it.
 */
export function importModule(specifier: string): Promise<Readonly<Record<string, unknown>>> {
  return import(specifier)
}
