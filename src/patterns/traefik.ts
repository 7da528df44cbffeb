import { patternSet } from '../matching/pattern.ts'
import { accessPatterns, type SampleRequest } from './access-log.ts'

/**
 * Traefik 2 and 3: its access log with `format: json`. The common format is read by `httpd`. Traefik leaves agents and
 * referrers out but where `fields.headers` keeps them. Behind a proxy that it trusts, ClientHost is what that proxy says.
 */
const info = {
  name: 'traefik',
  json: '{StartUTC|time} {ClientHost} {ClientUsername?} "{RequestMethod} {RequestPath} {RequestProtocol}" {DownstreamStatus} {DownstreamContentSize?} "{request_Referer?}" "{request_User-Agent?}"',
}

function line({ request, status = 404, agent = 'Mozilla/5.0', referrer = '-', account = '-' }: SampleRequest) {
  const [, method, path, protocol] = /^(\S+) (.*) (\S+)$/.exec(request)!
  const record = {
    ClientAddr: '203.0.113.9:50022',
    ClientHost: '203.0.113.9',
    ClientPort: '50022',
    ClientUsername: account,
    DownstreamContentSize: 17,
    DownstreamStatus: status,
    Duration: 123456,
    OriginContentSize: 0,
    RequestAddr: 'www.example.org',
    RequestHost: 'www.example.org',
    RequestMethod: method,
    RequestPath: path,
    RequestPort: '-',
    RequestProtocol: protocol,
    RequestScheme: 'https',
    RouterName: 'private@docker',
    StartUTC: '2026-11-21T10:00:00.123456789Z',
    entryPointName: 'websecure',
    level: 'info',
    msg: '',
    request_Referer: referrer,
    'request_User-Agent': agent,
    'request_X-Client","ClientHost":"192.0.2.1': '192.0.2.1',
    time: '2026-11-21T10:00:00Z',
  }
  return [JSON.stringify(record), '203.0.113.9'] as const
}

export const traefik = patternSet(
  info,
  accessPatterns({
    start: (account = String.raw`\S+`) => String.raw`^\S+ (?<ip>[\da-fA-F:.]+) ${account} "`,
    lines: [line],
  }),
)
