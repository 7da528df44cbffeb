/** The package that runs: a checkout, or where it is installed, whose modules tools/bundle.js joins into files of the same depth. */
const root = new URL('../../', import.meta.url)
const isCheckout = import.meta.url.endsWith('.ts')

/** Where the package's own modules are. */
export const ourModules = new URL(isCheckout ? 'src/' : 'dist/', root)

/** A file of the package, by its path in it. */
export function ourFile(path: string): URL {
  return new URL(path, root)
}

/** A module that a configuration, another process or another thread loads, by its path in src without its ending. */
export function ourModule(path: string): URL {
  return new URL(isCheckout ? `${path}.ts` : `${path}.js`, ourModules)
}
