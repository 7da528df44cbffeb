import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { type Pattern, type PatternSet, WEIGHT_DEFAULT } from '../src/matching/pattern.ts'
import * as sets from '../src/patterns/index.ts'
import { assertGolden } from './lib/golden.ts'

test('docs/patterns.md has what is shipped; GOLDEN=write makes it anew', () => {
  assertGolden(page(), '../../docs/patterns.md')
})

function page(): string {
  const all = Object.entries(sets)
  const rows = all.map(([name, set]) => `| \`${name}\` | ${reads(name)} | ${set.length} | ${samples(set)} |`)
  // Some sets are several others together.
  const patterns = [...new Set(Object.values(sets).flat())]
  return `# The shipped patterns

${all.length} sets, ${patterns.length} patterns, proved by ${samples(patterns)} sample lines; \`log2table test\` runs them all. This page is made from
them: \`GOLDEN=write node --test test/patterns-page.test.ts\`.

\`\`\`ts
import { httpd, sshd } from 'log2table/patterns'
\`\`\`

| set | what it reads | patterns | samples |
|---|---|---|---|
${rows.join('\n')}

## JSON logs

Lines that are JSON are read by their keys: a set says in what form its patterns see a line, and strangers' text cannot leave
the place that it has there.

\`\`\`ts
import { patternSet } from 'log2table'

const shop = patternSet({ name: 'shop', json: '{time} {client.ip} {status} "{user.name?}"' }, [
  {
    name: 'wrong-password',
    weight: 20,
    regex: /^\\S+ (?<ip>\\S+) 401 "(?<user>(?:[^"\\\\]|\\\\.)*)"$/,
    samples: {
      match: [['{"time":"2026-11-21T10:00:00Z","client":{"ip":"203.0.113.9"},"status":401,"user":{"name":"alice"}}', '203.0.113.9']],
    },
  },
])
\`\`\`

\`{a.b}\` stands for the value of the key b in the object under a, \`{a|b}\` for the first of both that is there, \`{a?}\` for one that
may be missing; then it is \`-\`. Lines that lack another key are passed over. Between quotation marks a value has \`\\"\` for \`"\`,
elsewhere \`\\x20\` for a space. Begin with the date, by which lines count that were written while log2table was down.

## When patterns go blind

An upgrade may put a program's lines into other words. The daemon knows how often each set matches some line of each log, and
looks at up to 50 lines a minute: where lines of the program come for more than a day and for ten times as long as usual, and none
matches, \`status\` and our own log say so and show the lines that come nearest. It takes ten hours with a match (days, where a log
has no other lines than requests) and 20 lines without; a blind spot that nobody mends for 30 days is what is usual then. What
is usual outlives a restart in \`blind-spots.json\` of the state folder. \`replay\` tells the same of old logs, each by itself.

## What a line costs

Points of each pattern, most first; 100 are a ban. 0: the line is harmless, or only says who belongs to a session. Less: a
good login, which takes points of the same account away. *once*: counts once in a session. *by path* and the like: the same
again from one address weighs a tenth. *spoofable*: the source may be forged, so it leads to the first, shortest ban at most.

${all.map(([name, set]) => `**${name}**: ${[...set].sort(byWeight).map(cost).join(', ')}`).join('\n\n')}
`
}

function samples(patterns: PatternSet): number {
  const lists = patterns.flatMap(({ samples }) => [samples?.match, samples?.miss, samples?.forged])
  return lists.reduce((sum, list = []) => sum + list.length, 0)
}

const weightOf = ({ weight = WEIGHT_DEFAULT }: Pattern) => weight
const byWeight = (one: Pattern, other: Pattern) => weightOf(other) - weightOf(one)

function cost(pattern: Pattern): string {
  const { name = '', once, distinct, spoofable } = pattern
  const notes = [once && 'once', distinct && `by ${distinct}`, spoofable && 'spoofable'].filter(Boolean)
  const note = notes.length > 0 ? ` *(${notes.join(', ')})*` : ''
  return `${name.slice(name.indexOf('/') + 1)} ${weightOf(pattern)}${note}`
}

/** The first sentence that a set's file says of itself: which programs, versions and logs. */
function reads(name: string): string {
  const kebab = name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
  const file = readFileSync(new URL(`../src/patterns/${kebab}.ts`, import.meta.url), 'utf8')
  const comment =
    /\/\*\*([\s\S]*?)\*\//
      .exec(file)?.[1]
      ?.replaceAll(/\s*\n \* ?/g, ' ')
      .trim() ?? ''
  const sentence = /^.*?\.(?=\s|$)/.exec(comment)?.[0]
  if (!sentence) throw new Error(`src/patterns/${kebab}.ts does not begin by saying what it reads`)
  return sentence.slice(0, -1)
}
