import { userInfo } from 'node:os'
import type { Channel, ChannelSpec } from './channel.ts'

/** How long a mail server may take for one step. */
const STEP_TIMEOUT_MS = 20_000

/**
 * Mail by the machine's own sendmail, or to a server: `smtp://host`, `smtp://user:password@host:587`, `smtps://host`. The
 * library is loaded when the first mail is sent.
 */
export function mailChannel({ to, from, server }: Extract<ChannelSpec, { kind: 'mail' }>, host: string): Channel {
  return {
    name: `mail to ${to.join(', ')}`,
    async send({ subject, text, html, isUrgent }) {
      const { createTransport } = await import('nodemailer')
      const timeouts = { connectionTimeout: STEP_TIMEOUT_MS, greetingTimeout: STEP_TIMEOUT_MS, socketTimeout: STEP_TIMEOUT_MS }
      const transport =
        server === undefined
          ? createTransport({ sendmail: true, path: '/usr/sbin/sendmail', newline: 'unix' })
          : createTransport({ url: server, ...timeouts })
      try {
        await transport.sendMail({
          from: from ?? `${userInfo().username}@${host}`,
          to: [...to],
          subject,
          text,
          ...(html !== undefined && { html }),
          // Nobody's holiday message is to answer us.
          headers: { 'Auto-Submitted': 'auto-generated' },
          ...(isUrgent && { priority: 'high' }),
          disableFileAccess: true,
          disableUrlAccess: true,
        })
      } finally {
        transport.close()
      }
    },
  }
}
