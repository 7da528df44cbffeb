import { readFileSync } from 'node:fs'
import { ourFile } from './our-files.ts'

/** The version of this program, as in its package.json. */
export const version: string = JSON.parse(readFileSync(ourFile('package.json'), 'utf8')).version
