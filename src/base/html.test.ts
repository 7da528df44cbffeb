import assert from 'node:assert/strict'
import { test } from 'node:test'
import { html, sentence } from './html.ts'

test('what is filled in is text, in an attribute too; a piece of a page stays one', () => {
  const hostile = `<b title="x">'\`&amp;\u001b[2J\\`
  assert.equal(
    html`<p class="${hostile}">${hostile} ${7}</p>`.text,
    html`<p class="${html`${hostile}`}">${[html`${hostile}`, html` `, html`${7}`]}</p>`.text,
  )
  assert.equal(html`<i>${hostile}</i>`.text, '<i>&#60;b title=&#34;x&#34;&#62;&#39;&#96;&#38;amp;\\x1b[2J\\\\</i>')
})

test('what was made safe before is not made so twice', () => {
  assert.equal(sentence('log /var/log/\\x1b[2J is <late>\u001b').text, 'log /var/log/\\x1b[2J is &#60;late&#62;\\x1b')
})
