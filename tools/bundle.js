/**
 * Joins the modules of src, and the packages that they need, into two scripts in dist/parts: to find, read and link some 280
 * modules takes half of a start. `asking` holds the program and the commands that only ask a daemon or read its database, `working`
 * all others. What is imported or started by its name (the program, the two exports of the package, the other sides of our processes
 * and threads: `*-side.ts`) is a line in dist where it was in src, which has tools/parts.js run it.
 */
import { createHash } from 'node:crypto'
import { copyFileSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, relative, resolve } from 'node:path'
import { build } from 'esbuild'

const asks = 'ban bans completion confirm help offenders release reload report status top unban version why'
const exported = ['src/index.ts', 'src/patterns/index.ts']
const started = ['src/cli/main.ts', ...globSync('src/**/*-side.ts')]
/** What files in dist ask for; the program itself for keep-compiled.js. */
const fromOutside = [...exported, ...started, 'src/cli/program.ts']
/** The one module that cannot be joined: see there. */
const IMPORT_MODULE = 'src/parameters/import-module.ts'

const shared = {
  outdir: 'dist',
  outbase: 'src',
  bundle: true,
  platform: 'node',
  target: 'node22.18',
  // It is large, and only a mail needs it.
  external: ['nodemailer'],
  logLevel: 'warning',
}

const graph = { ...shared, entryPoints: fromOutside, format: 'esm', splitting: true, write: false, metafile: true }
const { inputs } = (await build(graph)).metafile
const asking = new Set()
for (const one of ['src/cli/main.ts', ...asks.split(' ').map((name) => `src/cli/commands/${name}.ts`)])
  addWithImports(one, asking)
const working = new Set(Object.keys(inputs).filter((one) => !asking.has(one)))
await join('asking', asking, working)
await join('working', working, asking)

const text = ['asking', 'working'].map((name) => readFileSync(`dist/parts/${name}.cjs`)).join('')
const hash = createHash('sha256').update(text).digest('hex').slice(0, 16)
writeFileSync('dist/parts/parts.js', readFileSync('tools/parts.js', 'utf8').replace("'BUILD'", `'${hash}'`))
copyFileSync('tools/keep-compiled.js', 'dist/parts/keep-compiled.js')
for (const one of started) writeEntry(one, () => [])
const { moduleOf } = await import(resolve('dist/parts/parts.js'))
for (const one of exported) writeEntry(one, (name) => Object.keys(moduleOf(name)))

function addWithImports(module, all) {
  if (all.has(module)) return
  all.add(module)
  for (const { path, kind, external } of inputs[module].imports) {
    if (!external && kind === 'import-statement') addWithImports(path, all)
  }
}

/** How dist knows a module: one of ours by its path in src without its ending. */
function nameOf(module) {
  return module.replace(/^src\/(.*)\.ts$/, '$1')
}

/** One part: by the name of each module that something else needs, how to have it. */
async function join(part, own, others) {
  const imported = new Set([...others].flatMap((other) => inputs[other].imports.map(({ path }) => path)))
  const needed = [...own].filter((module) => fromOutside.includes(module) || imported.has(module))
  const modules = needed.map((module) => `${JSON.stringify(nameOf(module))}: () => require('./${module}')`)
  await build({
    ...shared,
    stdin: { contents: `module.exports = {\n${modules.join(',\n')}\n}`, resolveDir: '.', sourcefile: part },
    entryNames: `parts/${part}`,
    outExtension: { '.js': '.cjs' },
    format: 'cjs',
    define: { 'import.meta.url': 'partUrl' },
    supported: { 'dynamic-import': false },
    plugins: [elsewhere(others)],
  })
}

/** Has modules that are not in a part come from where they are. */
function elsewhere(others) {
  const isAsked = Symbol('resolved')
  return {
    name: 'elsewhere',
    setup(build) {
      build.onResolve({ filter: /./ }, async ({ path, pluginData, kind, importer, resolveDir }) => {
        if (pluginData === isAsked || kind === 'entry-point') return
        const found = await build.resolve(path, { kind, importer, resolveDir, pluginData: isAsked })
        const module = relative('.', found.path)
        if (module === IMPORT_MODULE || others.has(module)) return { path: `${nameOf(module)}.cjs`, namespace: 'elsewhere' }
        return found
      })
      build.onLoad({ filter: /./, namespace: 'elsewhere' }, ({ path }) => {
        const name = path.slice(0, -'.cjs'.length)
        return { contents: `module.exports = ${name === nameOf(IMPORT_MODULE) ? '{ importModule }' : `moduleOf('${name}')`}` }
      })
    },
  }
}

function writeEntry(module, namesOf) {
  const name = nameOf(module)
  const file = `dist/${name}.js`
  const names = namesOf(name)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(
    file,
    `import { moduleOf } from '${'../'.repeat(name.split('/').length - 1) || './'}parts/parts.js'\n\n` +
      `${names.length > 0 ? `export const { ${names.join(', ')} } = ` : ''}moduleOf('${name}')\n`,
  )
}
