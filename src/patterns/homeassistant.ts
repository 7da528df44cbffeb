import { patternSet } from '../matching/pattern.ts'

/**
 * Home Assistant 2021 and later: home-assistant.log. Before the address stands the name that its DNS gives, which whoever
 * owns the address has chosen: one word, and never an address to us. Behind a proxy set `trusted_proxies`.
 */
const info = {
  name: 'homeassistant',
  prefix: /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d+)? WARNING \(\w+\) \[homeassistant\.components\.http\.ban\] /,
}

const line = (message: string) => `2026-11-21 10:00:00.123 WARNING (MainThread) [homeassistant.components.http.ban] ${message}`
const ownName = 'the name of a host, as the system resolves it, holds neither a space nor a bracket'
const attempt = (host: string, address: string, url: string, agent = 'Mozilla/5.0') =>
  line(`Login attempt or request with invalid authentication from ${host} (${address}). Requested URL: '${url}'. (${agent})`)

const start = String.raw`^Login attempt or request with invalid authentication from [^ ()]+ \((?<ip>[\da-fA-F:.]+)\)\. Requested URL: '`

export const homeassistant = patternSet(info, [
  {
    name: 'wrong-password',
    weight: 20,
    regex: new RegExp(String.raw`${start}\/auth\/login_flow\/`),
    unforgeable: ownName,
    samples: {
      match: [
        [attempt('client.example.org', '203.0.113.9', '/auth/login_flow/0123456789abcdef'), '203.0.113.9'],
        [attempt('2001:db8::9', '2001:db8::9', '/auth/login_flow/0123456789abcdef'), '2001:db8::9'],
      ],
      miss: [attempt('203.0.113.9', '203.0.113.9', '/api/auth/login_flow/')],
      forged: [
        [attempt('192.0.2.1', '203.0.113.9', "/auth/login_flow/x (192.0.2.1). Requested URL: '/", '(192.0.2.1).'), '203.0.113.9'],
      ],
    },
  },
  {
    // A telephone or a browser tab whose token has run out asks again and again.
    name: 'invalid-token',
    weight: 2,
    regex: new RegExp(start),
    unforgeable: ownName,
    samples: {
      match: [[attempt('203.0.113.9', '203.0.113.9', '/api/websocket'), '203.0.113.9']],
      miss: [line('Login attempt or request with invalid authentication from 203.0.113.9')],
      forged: [[attempt('192.0.2.1', '203.0.113.9', '/api/states'), '203.0.113.9']],
    },
  },
  {
    // As the user has set with `login_attempts_threshold`.
    name: 'banned',
    weight: 100,
    regex: /^Banned IP (?<ip>[\da-fA-F:.]+) for too many login attempts$/,
    samples: {
      match: [[line('Banned IP 203.0.113.9 for too many login attempts'), '203.0.113.9']],
      miss: [line('Banned IP 203.0.113.9')],
      forged: [[attempt('203.0.113.9', '203.0.113.9', '/Banned IP 192.0.2.1 for too many login attempts'), '203.0.113.9']],
    },
  },
])
