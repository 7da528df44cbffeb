/**
 * Compiles src/matching/wasm/assembly (AssemblyScript) to src/matching/wasm/module.generated.ts, which holds the bytes as
 * text: so they are part of the program wherever it runs from, and nothing has to be found and read at its start. Does
 * nothing where that is there already, made of the same sources by the same compiler.
 */
import { createHash } from 'node:crypto'
import { existsSync, globSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import compiler from 'assemblyscript/package.json' with { type: 'json' }

const folder = new URL('../src/matching/wasm/', import.meta.url)
const target = new URL('module.generated.ts', folder)
const sources = globSync('assembly/*.ts', { cwd: folder }).sort()
const options = ['-O3', '--converge', '--noAssert', '--runtime', 'stub', '--enable', 'simd', '--enable', 'relaxed-simd']

const texts = new Map(sources.map((file) => [file, readFileSync(new URL(file, folder), 'utf8')]))
const made = createHash('sha256')
  .update(JSON.stringify([compiler.version, options, ...texts]))
  .digest('hex')
  .slice(0, 16)
const heading = `// Made by tools/build-wasm.js; its sources are ${made}.\n`
if (!existsSync(target) || !readFileSync(target, 'utf8').startsWith(heading)) await build()

async function build() {
  const { default: asc } = await import('assemblyscript/asc')
  let wasm
  const { error, stderr } = await asc.main([...sources, ...options, '--outFile', 'module.wasm'], {
    readFile: (name) => texts.get(name) ?? null,
    writeFile: (_name, contents) => {
      wasm = contents
    },
    listFiles: () => [],
  })
  if (error || !wasm) {
    console.error(`tools/build-wasm.js: ${error?.message}\n${stderr}`)
    process.exit(1)
  }
  const text = `${heading}export const wasm =\n  '${Buffer.from(wasm).toString('base64')}'\n`
  // At once: a test may be reading it.
  const fresh = new URL(`module.generated.${process.pid}.new`, folder)
  writeFileSync(fresh, text)
  renameSync(fresh, target)
}
