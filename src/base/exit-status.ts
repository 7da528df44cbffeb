/** What a command's end tells its caller; the numbers are those of sysexits(3) where there is one. */
export const exitStatus = {
  done: 0,
  /** The answer is no: not banned, not well, a sample failed. */
  no: 1,
  usage: 64,
  badData: 65,
  /** The firewall or the daemon does not answer. */
  unavailable: 69,
  /** Our fault. */
  software: 70,
  notPermitted: 77,
  configuration: 78,
} as const

export type ExitStatus = (typeof exitStatus)[keyof typeof exitStatus]
