/**
 * Joins the modules of src into few files below dist: to find, read and link some 260 of them takes a third of the start.
 * What is imported or started by its name (the program, the two exports of the package, the other sides of our processes and
 * threads: `*-side.ts`) keeps its path; the parts that they share are in dist/parts, as deep below the package as src/base.
 */
import { globSync } from 'node:fs'
import { build } from 'esbuild'

await build({
  entryPoints: ['src/cli/main.ts', 'src/index.ts', 'src/patterns/index.ts', ...globSync('src/**/*-side.ts')],
  outdir: 'dist',
  outbase: 'src',
  chunkNames: 'parts/[name]-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node22.18',
  packages: 'external',
  logLevel: 'warning',
})
