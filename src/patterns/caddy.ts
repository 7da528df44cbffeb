import { patternSet } from '../matching/pattern.ts'
import { accessPatterns, type SampleRequest } from './access-log.ts'

/**
 * Caddy 2.5 and later: its access log in JSON, as it is by default. Behind a proxy the address is that of the client where
 * `trusted_proxies` is set (`client_ip`, since 2.7), else of the proxy.
 */
const info = {
  name: 'caddy',
  json: '{ts} {request.client_ip|request.remote_ip} {request.headers.Authorization.0?} "{request.method} {request.uri} {request.proto}" {status} {size?} "{request.headers.Referer.0?}" "{request.headers.User-Agent.0?}"',
}

function line(address: string) {
  return ({ request, status = 404, agent = 'Mozilla/5.0', referrer = '-', account }: SampleRequest) => {
    const [, method, uri, proto] = /^(\S+) (.*) (\S+)$/.exec(request)!
    const record = {
      level: 'info',
      ts: 1795255200.1234567,
      logger: 'http.log.access.log0',
      msg: 'handled request',
      request: {
        remote_ip: address,
        remote_port: '50022',
        client_ip: address,
        proto,
        method,
        host: 'www.example.org',
        uri,
        headers: {
          // Any header may come, so the names are the peer's words as well.
          Client_ip: ['192.0.2.1'],
          '","client_ip":"192.0.2.1': ['x'],
          'User-Agent': [agent],
          Referer: [referrer],
          ...(account === undefined ? {} : { Authorization: ['REDACTED'] }),
        },
        tls: { resumed: false, version: 772, cipher_suite: 4865, proto: 'h2', server_name: 'www.example.org' },
      },
      bytes_read: 0,
      user_id: '',
      duration: 0.000123,
      size: 0,
      status,
      resp_headers: { Server: ['Caddy'] },
    }
    return [JSON.stringify(record), address] as const
  }
}

export const caddy = patternSet(
  info,
  accessPatterns({
    // Who failed to log in is not written down; that a password came is: Authorization is REDACTED.
    start: (account) => String.raw`^\S+ (?<ip>[\da-fA-F:.]+) ${account ? String.raw`[^-]\S*` : String.raw`\S+`} "`,
    lines: [line('203.0.113.9'), line('2001:db8::9')],
  }),
)
