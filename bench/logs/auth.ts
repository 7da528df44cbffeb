import { attack } from './auth-attacks.ts'
import { noise } from './auth-noise.ts'
import type { LogWords } from './log.ts'

/** An auth.log as syslog writes it (RFC 3164 dates, no year): OpenSSH with PAM, and what else such a log holds. */
export const authLog: LogWords = { attackPercent: 30, attack, noise }
