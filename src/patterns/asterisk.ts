import { patternSet } from '../matching/pattern.ts'
import { stamp } from './syslog.ts'

/**
 * Asterisk 11 to 22: the message log and the security log (`security =>` in logger.conf), in the words of chan_sip.c,
 * res_pjsip, chan_iax2.c, manager.c and res_security_log.c.
 *
 * SIP comes by UDP as a rule, so its evidence may be forged; the manager's, and SIP by TCP and TLS, may not. The peer
 * chooses the From header, the account, the session and the call's id, on both sides of the address. So where a value may
 * hold quotation marks, it may hold none that ends it, and behind the address it holds none at all.
 */
const info = {
  name: 'asterisk',
  prefix: new RegExp(
    String.raw`(?:${stamp}asterisk\[\d+\]: (?:\[[^\]]+\] )?|^\[[\dA-Z][\w .:+-]+\] )(?:NOTICE|WARNING|ERROR|SECURITY) ?\[\d+\](?:\[C-[\da-f]+\])?:? `,
  ),
}

/** The file, with line and function where they are logged. */
const file = String.raw`^[\w\/.-]+\.c(?::\d+)?(?: (?:in )?\w+)?: `
const address = String.raw`\[?(?<ip>[\d.]+|[\da-fA-F]*:[\da-fA-F:.]*:[\da-fA-F.]*)\]?`
const from = `'(?:[^']|'+[^' ])*'`
const quoted = `"(?:[^"]|"+[^",])*"+`
const event = (names: string, transports: string) =>
  new RegExp(
    String.raw`${file}SecurityEvent="(?:${names})",EventTV="[^"]*",Severity="[^"]*",Service="[^"]*",EventVersion="\d+",AccountID=(?<user>${quoted}),SessionID=${quoted},LocalAddress="[^"]*",RemoteAddress="IPV[46]\/(?:${transports})\/(?<ip>[\da-fA-F:.]+)\/\d+"(?:,(?:Challenge|ReceivedChallenge|ReceivedHash|Response|ExpectedResponse|ExpectedHash|ACLName|SessionTV|RequestType|RequestParams|AttemptedTransport|Transport|UsingPassword|Module)="[^"]*")*$`,
  )
const refusals = 'InvalidPassword|ChallengeResponseFailed|InvalidAccountID|FailedACL|AuthMethodNotAllowed|UnexpectedAddress'

const line = (message: string) => `[2026-11-21 10:00:00] NOTICE[4711] ${message}`
const security = (name: string, remote: string, more = '', session = '0x7f1') =>
  `[2026-11-21 10:00:00] SECURITY[4711] res_security_log.c: SecurityEvent="${name}",EventTV="2026-11-21T10:00:00.000+0000",Severity="Error",Service="PJSIP",EventVersion="1",AccountID="100",SessionID="${session}",LocalAddress="IPV4/UDP/192.0.2.25/5060",RemoteAddress="${remote}"${more}`

export const asterisk = patternSet(info, [
  {
    name: 'registration-failed',
    weight: 20,
    spoofable: true,
    regex: new RegExp(
      String.raw`${file}Registration from '.*' failed for '${address}(?::\d+)?' - (?:Wrong password|No matching peer found|Username\/auth name mismatch|Device does not match ACL|Peer is not supposed to register|ACL error \(permit\/deny\)|Not a local domain|Bad password|Unknown transport|No registration)$`,
    ),
    samples: {
      match: [
        [
          line("chan_sip.c: Registration from '<sip:100@192.0.2.25>' failed for '203.0.113.9:5070' - Wrong password"),
          '203.0.113.9',
        ],
        [
          "Nov 21 10:00:00 pbx asterisk[4711]: NOTICE[815]: chan_sip.c:28468 in handle_request_register: Registration from 'x' failed for '[2001:db8::9]:5070' - No matching peer found",
          '2001:db8::9',
        ],
      ],
      miss: [
        line(
          "chan_sip.c: Registration from '<sip:100@192.0.2.25>' failed for '203.0.113.9' - Correct auth, but based on stale nonce",
        ),
      ],
      forged: [
        [
          line(
            "chan_sip.c: Registration from 'x' failed for '192.0.2.1' - Wrong password' failed for '203.0.113.9:5070' - Wrong password",
          ),
          '203.0.113.9',
        ],
      ],
    },
  },
  {
    name: 'request-failed',
    weight: 20,
    spoofable: true,
    regex: new RegExp(
      String.raw`${file}Request (?:'[A-Z]+' )?from ${from} failed for '${address}:\d+' \(callid: [^']*\) - (?:No matching endpoint found(?: after \d+ tries in [\d.]+ ms)?|Not match Endpoint(?: Contact)? ACL|Failed to authenticate|Error to authenticate)$`,
    ),
    samples: {
      match: [
        [
          line(
            "res_pjsip/pjsip_distributor.c: Request 'REGISTER' from '\"100\" <sip:100@192.0.2.25>' failed for '203.0.113.9:5070' (callid: 4711) - No matching endpoint found",
          ),
          '203.0.113.9',
        ],
        [
          line(
            "res_pjsip/pjsip_distributor.c: Request from '<sip:o'or'x@192.0.2.25>' failed for '203.0.113.9:5070' (callid: x) - Failed to authenticate",
          ),
          '203.0.113.9',
        ],
      ],
      miss: [line("res_pjsip/pjsip_distributor.c: Request 'INVITE' from 'x' failed for '203.0.113.9:5070' (callid: x) - x")],
      forged: [
        [
          line(
            "res_pjsip/pjsip_distributor.c: Request 'INVITE' from 'x' failed for '192.0.2.1:5' (callid: y) - Failed to authenticate' failed for '203.0.113.9:5070' (callid: z) - Failed to authenticate",
          ),
          null,
        ],
        [
          line(
            "res_pjsip/pjsip_distributor.c: Request 'INVITE' from 'x' failed for '203.0.113.9:5070' (callid: y' failed for '192.0.2.1:5' (callid: z) - Failed to authenticate",
          ),
          null,
        ],
      ],
    },
  },
  {
    // Somebody wants to telephone at our cost.
    name: 'call-rejected',
    weight: 25,
    spoofable: true,
    regex: new RegExp(
      String.raw`${file}Call from '[^']*' \((?:(?:UDP|TCP|TLS|WS|WSS):)?${address}:\d+\) to extension '[^']*' rejected because extension not found in context '[^']*'\.?$`,
    ),
    samples: {
      match: [
        [
          line(
            "chan_sip.c: Call from '' (203.0.113.9:10836) to extension '00972598285108' rejected because extension not found in context 'default'.",
          ),
          '203.0.113.9',
        ],
        [
          line(
            "res_pjsip_session.c:2337 new_invite: Call from 'anonymous' (TCP:[2001:db8::9]:5061) to extension '9011' rejected because extension not found in context 'default'.",
          ),
          '2001:db8::9',
        ],
      ],
      miss: [line("chan_sip.c: Call from '100' (203.0.113.9:5070) to extension '200' accepted")],
      forged: [
        [
          line(
            "chan_sip.c: Call from '' (203.0.113.9:5) to extension '' (192.0.2.1:5) to extension 'x' rejected because extension not found in context 'default'.",
          ),
          null,
        ],
      ],
    },
  },
  {
    name: 'unknown-connection',
    weight: 25,
    spoofable: true,
    regex: new RegExp(String.raw`^Ext\. [^"]{0,80}: "Rejecting unknown SIP connection from ${address}(?::\d+)?"$`),
    samples: {
      match: [
        [
          '[2026-11-21 10:00:00] WARNING[4711][C-0000001d] Ext. s: "Rejecting unknown SIP connection from 203.0.113.9:50022"',
          '203.0.113.9',
        ],
      ],
      miss: [line('Ext. s: "x from 203.0.113.9"')],
      forged: [
        [
          line('Ext. "Rejecting unknown SIP connection from 192.0.2.1": "Rejecting unknown SIP connection from 203.0.113.9"'),
          null,
        ],
      ],
    },
  },
  {
    name: 'iax-failed',
    weight: 20,
    spoofable: true,
    regex: new RegExp(`${file}Host ${address} failed (?:to authenticate as|(?:MD5|RSA|plaintext) authentication for) '`),
    samples: {
      match: [[line("chan_iax2.c: Host 203.0.113.9 failed MD5 authentication for 'x' (a != b)"), '203.0.113.9']],
      miss: [line("chan_iax2.c: Host 203.0.113.9 denied access to register peer 'x'")],
      forged: [
        [
          line("chan_iax2.c: Host 203.0.113.9 failed to authenticate as 'Host 192.0.2.1 failed to authenticate as 'x'"),
          '203.0.113.9',
        ],
      ],
    },
  },
  {
    name: 'iax-unknown-peer',
    weight: 25,
    spoofable: true,
    regex: new RegExp(String.raw`${file}No registration for peer '.*' \(from ${address}\)$`),
    samples: {
      match: [[line("chan_iax2.c: No registration for peer 'x' (from 203.0.113.9)"), '203.0.113.9']],
      miss: [line("chan_iax2.c: No registration for peer 'x' (from gateway.example.org)")],
      forged: [[line("chan_iax2.c: No registration for peer 'x' (from 192.0.2.1)' (from 203.0.113.9)"), '203.0.113.9']],
    },
  },
  {
    name: 'hacking-attempt',
    weight: 50,
    spoofable: true,
    regex: new RegExp(`${file}hacking attempt detected '${address}'$`),
    samples: {
      match: [[line("chan_sip.c: hacking attempt detected '203.0.113.9'"), '203.0.113.9']],
      miss: [line("chan_sip.c: hacking attempt detected 'x'")],
      forged: [[line("chan_sip.c: hacking attempt detected 'hacking attempt detected '192.0.2.1'"), null]],
    },
  },
  {
    // The manager commands the whole exchange, and speaks TCP.
    name: 'manager-failed',
    weight: 25,
    regex: new RegExp(
      `${file}${address} (?:failed to authenticate as|tried to authenticate with nonexistent user|failed to pass IP ACL as) '`,
    ),
    samples: {
      match: [[line("manager.c: 203.0.113.9 tried to authenticate with nonexistent user 'admin'"), '203.0.113.9']],
      miss: [line('manager.c: 203.0.113.9 logged in')],
      forged: [
        [
          line("manager.c: 203.0.113.9 failed to authenticate as 'manager.c: 192.0.2.1 failed to authenticate as 'x'"),
          '203.0.113.9',
        ],
      ],
    },
  },
  {
    name: 'security-event',
    weight: 20,
    spoofable: true,
    regex: event(refusals, 'UDP'),
    samples: {
      match: [
        [
          security(
            'InvalidPassword',
            'IPV4/UDP/203.0.113.9/5070',
            ',Challenge="41d26de5",ReceivedChallenge="41d26de5",ReceivedHash="7a6a"',
          ),
          '203.0.113.9',
        ],
        [security('InvalidAccountID', 'IPV6/UDP/2001:db8::9/5070', '', 'a"+"b'), '2001:db8::9'],
      ],
      miss: [
        security('SuccessfulAuth', 'IPV4/UDP/203.0.113.9/5070'),
        security('ChallengeSent', 'IPV4/UDP/203.0.113.9/5070', ',Challenge="x"'),
      ],
      forged: [
        [
          security('InvalidAccountID', 'IPV4/UDP/203.0.113.9/5', '', 'x",LocalAddress="y",RemoteAddress="IPV4/UDP/192.0.2.1/5"'),
          null,
        ],
        [
          security(
            'ChallengeResponseFailed',
            'IPV4/UDP/203.0.113.9/5',
            ',Response="x",LocalAddress="y",RemoteAddress="IPV4/UDP/192.0.2.1/5"',
          ),
          null,
        ],
      ],
    },
  },
  {
    name: 'security-event-connected',
    weight: 20,
    regex: event(refusals, 'TCP|TLS|WS|WSS'),
    samples: {
      match: [
        [
          security('ChallengeResponseFailed', 'IPV4/TLS/203.0.113.9/5070', ',Challenge="1/a",Response="x",ExpectedResponse=""'),
          '203.0.113.9',
        ],
      ],
      miss: [security('InvalidPassword', 'IPV4/UDP/203.0.113.9/5070')],
      forged: [
        [security('FailedACL', 'IPV4/TCP/203.0.113.9/5', '', 'x",LocalAddress="y",RemoteAddress="IPV4/TCP/192.0.2.1/5"'), null],
      ],
    },
  },
  {
    name: 'accepted',
    weight: -100,
    session: 'opened',
    regex: event('SuccessfulAuth', 'TCP|TLS|WS|WSS'),
    samples: {
      match: [[security('SuccessfulAuth', 'IPV4/TLS/198.51.100.7/5070', ',UsingPassword="1"'), '198.51.100.7']],
      miss: [security('SuccessfulAuth', 'IPV4/UDP/198.51.100.7/5070', ',UsingPassword="1"')],
      forged: [
        [
          security('SuccessfulAuth', 'IPV4/TLS/203.0.113.9/5', '', 'x",LocalAddress="y",RemoteAddress="IPV4/TLS/192.0.2.1/5"'),
          null,
        ],
      ],
    },
  },
])
