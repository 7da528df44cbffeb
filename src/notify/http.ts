import type { Channel, ChannelSpec } from './channel.ts'

/** A POST of JSON to a server of the user's. */
export function webhookChannel({ url, headers }: Extract<ChannelSpec, { kind: 'webhook' }>): Channel {
  return {
    name: `webhook ${withoutSecrets(url)}`,
    send: ({ subject, text, isUrgent }, signal) =>
      post(url, { ...headers, 'content-type': 'application/json' }, JSON.stringify({ subject, text, urgent: isUrgent }), signal),
  }
}

/** A topic of ntfy: https://docs.ntfy.sh/publish/#publish-as-json. As JSON, so that no text of ours becomes a header. */
export function ntfyChannel({ url, token }: Extract<ChannelSpec, { kind: 'ntfy' }>): Channel {
  const { origin, pathname } = new URL(url)
  const folder = pathname.slice(0, pathname.lastIndexOf('/'))
  const topic = decodeURIComponent(pathname.slice(folder.length + 1))
  const headers = { 'content-type': 'application/json', ...(token !== undefined && { authorization: `Bearer ${token}` }) }
  return {
    name: `ntfy ${withoutSecrets(url)}`,
    send: ({ subject, text, isUrgent }, signal) => {
      const message = Buffer.byteLength(text) > NTFY_BYTES_MAX ? `${text.slice(0, NTFY_BYTES_MAX / 4)}\n...` : text
      return post(
        `${origin}${folder}/`,
        headers,
        JSON.stringify({ topic, title: subject, message, priority: isUrgent ? 4 : 2 }),
        signal,
      )
    },
  }
}

/** What is longer, ntfy makes an attachment of. */
const NTFY_BYTES_MAX = 4_096

async function post(url: string, headers: Readonly<Record<string, string>>, body: string, signal: AbortSignal): Promise<void> {
  const response = await fetch(url, { method: 'POST', headers, body, signal, redirect: 'error' }).catch((error: Error) => {
    // `fetch failed` says nothing; its cause does.
    throw error.cause instanceof Error ? error.cause : error
  })
  await response.body?.cancel()
  if (!response.ok) throw new Error(`the server answers ${response.status}`)
}

/** Without name, password and query: tokens stand there. */
function withoutSecrets(url: string): string {
  const { protocol, host, pathname } = new URL(url)
  return `${protocol}//${host}${pathname}`
}
