/** Runs what tools/bundle.js joined, from beside it in dist/parts. */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { cachedDataVersionTag } from 'node:v8'
import { Script } from 'node:vm'

/** Tells what is compiled of one build from that of another; tools/bundle.js writes it. */
const build = 'BUILD'
const compiled = new URL('../compiled/', import.meta.url)
const require = createRequire(import.meta.url)
const importModule = (specifier) => import(specifier)
const parts = new Map()

/** A module by its path in src, without its ending; it is run when it is asked for first. */
export function moduleOf(name) {
  const load = partOf('asking').modules[name] ?? partOf('working').modules[name]
  return load()
}

/** One script, and by their names the modules that it has for others. */
function partOf(name) {
  let part = parts.get(name)
  if (!part) {
    const url = new URL(`${name}.cjs`, import.meta.url)
    const script = new Script(`(function (module, require, moduleOf, importModule, partUrl) {${readFileSync(url, 'utf8')}\n})`, {
      filename: fileURLToPath(url),
      cachedData: compiledOf(name),
    })
    const module = { exports: {} }
    script.runInThisContext()(module, require, moduleOf, importModule, url.href)
    part = { script, modules: module.exports }
    parts.set(name, part)
  }
  return part
}

/** Where what is compiled of a part is kept: by another Node, on another processor or with other options it would be something else. */
function compiledFile(name) {
  return new URL(`${name}-${build}-${process.version}-${cachedDataVersionTag().toString(16)}`, compiled)
}

/** Undefined where nobody compiled it ahead. What does not fit V8 refuses by itself. */
function compiledOf(name) {
  try {
    return readFileSync(compiledFile(name))
  } catch {
    return undefined
  }
}

/**
 * Keeps what V8 has compiled so far of all parts, for whoever runs them next; with `isAnew` nothing that was kept before. Only an installer
 * does this: see keep-compiled.js.
 */
export function keepCompiled({ isAnew }) {
  if (isAnew) rmSync(compiled, { recursive: true, force: true })
  mkdirSync(compiled, { recursive: true, mode: 0o755 })
  for (const [name, { script }] of parts) {
    const file = compiledFile(name)
    const unfinished = new URL(`${file.href}.new`)
    writeFileSync(unfinished, script.createCachedData(), { mode: 0o644 })
    renameSync(unfinished, file)
  }
}
