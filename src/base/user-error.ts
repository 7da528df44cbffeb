import type { ExitStatus } from './exit-status.ts'

/**
 * Something that a user can meet and mend. The message names the thing and says what to do; where there are several faults
 * it has one a line. It is shown as it stands, so what a stranger wrote must be escaped in it.
 */
export class UserError extends Error {
  readonly status: ExitStatus
  constructor(status: ExitStatus, message: string, options?: ErrorOptions) {
    super(message, options)
    this.status = status
  }
}
