import { EITHER_CASE, type Literal } from './literals.ts'
import type { Feed } from './pattern.ts'

/** What most lines of logs are like, of programs and of web servers: what is often in either is no good to look for. */
const usual = [
  `
Nov 21 10:00:01 www CRON[70412]: pam_unix(cron:session): session opened for user root(uid=0) by (uid=0)
Nov 21 10:00:01 www CRON[70413]: (root) CMD (command -v debian-sa1 > /dev/null && debian-sa1 1 1)
Nov 21 10:00:02 www CRON[70412]: pam_unix(cron:session): session closed for user root
Nov 21 10:03:49 mail systemd[1]: Starting phpsessionclean.service - Clean php session files...
Nov 21 10:04:31 mail systemd-logind[642]: New session 4812 of user alice.
Nov 21 10:05:16 gate sudo: bob : TTY=pts/3 ; PWD=/home/bob ; USER=root ; COMMAND=/usr/bin/apt update
Nov 21 10:07:28 gate kernel: [831942.706153] usb 1-4: new high-speed USB device number 9 using xhci_hcd
2026-11-21T10:08:53.194265+01:00 gate sshd[69218]: Server listening on 0.0.0.0 port 22.
2026-11-21T10:08:57.530682+01:00 mail postfix/smtpd[58301]: connect from mx7.example.net[198.51.100.25]
2026-11-21T10:09:36.871904+01:00 mail dovecot: imap-login: Login: user=<carol>, method=PLAIN, rip=203.0.113.84, lip=192.0.2.3, mpid=1846, TLS
`,
  `
198.51.100.14 - - [21/Nov/2026:10:00:07 +0000] "GET / HTTP/1.1" 200 6374 "-" "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36"
198.51.100.14 - - [21/Nov/2026:10:00:08 +0000] "GET /css/main.css?v=318 HTTP/1.1" 200 9157 "https://www.example.org/" "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15"
203.0.113.77 - - [21/Nov/2026:10:00:11 +0000] "GET /fonts/serif.woff2 HTTP/2.0" 200 28460 "https://www.example.org/about.html" "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
203.0.113.42 - - [21/Nov/2026:10:00:12 +0000] "GET /feed.xml HTTP/1.1" 200 18214 "-" "FreshRSS/1.24.3 (Linux; https://freshrss.org)"
203.0.113.77 - - [21/Nov/2026:10:00:13 +0000] "GET /img/logo.svg HTTP/2.0" 304 0 "https://www.example.org/blog/2026/11/notes.html" "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
2001:db8:42:7::a5 - alice [21/Nov/2026:10:00:26 +0000] "POST /api/v1/items HTTP/1.1" 201 482 "https://app.example.com/list?page=2&order=name" "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1"
192.0.2.161 - - [21/Nov/2026:10:00:39 +0000] "GET /sitemap.xml HTTP/1.1" 200 68 "-" "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"
www.example.org:443 192.0.2.58 - - [21/Nov/2026:10:00:55 +0000] "HEAD /shop/product/9?color=blue HTTP/1.1" 302 219 "https://www.google.com/search?q=shoes" "Mozilla/5.0 (Linux; Android 14; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36"
`,
].map((text) => text.trim().split('\n'))

/** As many samples tell enough. */
const SAMPLES_MAX = 64
const LINE_BYTES = 128

/** Lines by which to tell, before any is read, what is rare in a log. Letters of either case are taken for one. */
export class Corpus {
  /** How common a byte is, from 0 to 1. */
  readonly byteShares = new Float64Array(256)
  /** Each three bytes that usually follow each other somewhere, the first in the lowest bits, ... */
  readonly triples: readonly number[]
  /** ... and how often they do, from 0 to 1. */
  readonly tripleShares: Float64Array
  /** Texts of lines of a kind, in small letters. */
  readonly #kinds: readonly Kind[]
  readonly #known = new Map<Literal, number>()

  /** `samples` are lines that may come as well: those of the patterns themselves. */
  constructor(samples: readonly string[]) {
    const step = Math.max(1, samples.length / SAMPLES_MAX)
    const some = Array.from({ length: Math.min(samples.length, SAMPLES_MAX) }, (_, i) => samples[Math.floor(i * step)]!)
    const bytes = Buffer.from([...usual.flat(), ...some].join('\n'))
    // What is not here may be there.
    for (let byte = 0; byte < 256; byte++) this.byteShares[byte] = 0.1 / bytes.length
    for (const byte of bytes) this.byteShares[byte]! += 1 / bytes.length
    const counts = new Map<number, number>()
    const usualBytes = Buffer.from(usual.flat().join('\n'))
    for (let i = 0; i + 3 <= usualBytes.length; i++) {
      const triple = usualBytes[i]! | (usualBytes[i + 1]! << 8) | (usualBytes[i + 2]! << 16)
      counts.set(triple, (counts.get(triple) ?? 0) + 1)
    }
    // One that was there once may as well have been another.
    const often = [...counts].filter(([, count]) => count > 1)
    this.triples = often.map(([triple]) => triple)
    this.tripleShares = Float64Array.from(often, ([, count]) => count / usualBytes.length)
    this.#kinds = [...usual, some].filter(({ length }) => length > 0).map(kindOf)
  }

  /** The share of lines that hold a literal, from 0 to 1: of the kind of lines that hold it most, and never quite nothing. */
  share(literal: Literal): number {
    let share = this.#known.get(literal)
    if (share === undefined) {
      const text = plain(literal)
      share = Math.min(1, Math.max(...this.#kinds.map((kind) => shareOf(text, kind))) + LINE_BYTES * this.#chance(literal))
      this.#known.set(literal, share)
    }
    return share
  }

  /** How often a literal would stand at a position if its bytes came independently of each other. */
  #chance(literal: Literal): number {
    let chance = 1
    for (let i = 0; i < literal.length; i++) {
      const code = literal.charCodeAt(i)
      chance *= this.byteShares[code & 0xff]! + (code < EITHER_CASE ? 0 : this.byteShares[code & 0xdf]!)
    }
    return chance
  }
}

/** The usual lines, and a line or two of each pattern. */
export function corpusOf(feeds: readonly Feed[]): Corpus {
  const samples = feeds.flatMap(({ patterns }) =>
    patterns.flatMap(({ samples }) => [
      ...(samples?.match?.slice(0, 1).map(([line]) => line) ?? []),
      ...(samples?.miss?.slice(0, 1) ?? []),
    ]),
  )
  return new Corpus(samples)
}

interface Kind {
  readonly lines: readonly string[]
  /** In how many lines all threes of bytes are that are in any: most texts are ruled out by one that is in none. */
  readonly threes: ReadonlyMap<number, number>
}

function kindOf(all: readonly string[]): Kind {
  const lines = all.join('\n').toLowerCase().split('\n')
  const threes = new Map<number, number>()
  for (const line of lines) {
    const own = new Set<number>()
    for (let i = 0; i + 3 <= line.length; i++) own.add(threeAt(line, i))
    for (const three of own) threes.set(three, (threes.get(three) ?? 0) + 1)
  }
  return { lines, threes }
}

function shareOf(text: string, { lines, threes }: Kind): number {
  if (text.length === 3) return (threes.get(threeAt(text, 0)) ?? 0) / lines.length
  for (let i = 0; i + 3 <= text.length; i++) if (!threes.has(threeAt(text, i))) return 0
  return lines.filter((line) => line.includes(text)).length / lines.length
}

/** Three characters as one number; -1 where one of them is no byte, for such are in no literal. */
function threeAt(text: string, at: number): number {
  const first = text.charCodeAt(at)
  const second = text.charCodeAt(at + 1)
  const third = text.charCodeAt(at + 2)
  return (first | second | third) > 0xff ? -1 : first | (second << 8) | (third << 16)
}

/** A literal in small letters. */
function plain(literal: Literal): string {
  return literal.replaceAll(/[\u0100-\u01ff]/g, (code) => String.fromCharCode(code.charCodeAt(0) & 0xff)).toLowerCase()
}
