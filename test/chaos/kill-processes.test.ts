import { test } from 'node:test'
import { killProcesses } from '../lib/chaos-processes.ts'
import { noProcesses } from '../lib/processes.ts'

const KILLS = 20

test(
  `keeper, engine and reader, killed ${KILLS} times at random moments, lose nothing, and the firewall is right`,
  {
    skip: noProcesses(),
  },
  (t) => killProcesses(t, KILLS),
)
