import assert from 'node:assert/strict'
import { copyFileSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { after, before, describe, type TestContext, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { DaemonProcess } from '../lib/daemon-process.ts'
import { createEnclosure, ENCLOSURE_PROGRAMS, type Enclosure } from '../lib/enclosure.ts'
import { needs, program } from '../lib/programs.ts'
import { runToEnd } from '../lib/running.ts'
import { waitFor } from '../lib/wait-for.ts'

const WAIT_MS_MAX = 30_000
/** Where the daemon looks for programs whatever its PATH says. */
const standardFolders = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin']
