import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nftablesOrder } from './nftables-order.ts'

const table = { name: 'bad_ip', kind: 'nftables', options: {} }
const remarks = (stdout: string, status = 0) =>
  nftablesOrder.remarks(table, [{ status, stdout, stderr: '' }]).map(({ says }) => says)

/** As nft(8) shows flowtables, and nft prints them. */
const FLOWTABLE = `table inet fast {
\tflowtable f {
\t\thook ingress priority 0
\t\tdevices = { lan, wan }
\t}

\tchain forward {
\t\ttype filter hook forward priority 0; policy accept;
\t\tip protocol { 6, 17 } flow add @f
\t}
}
`

/** Printed by nft 1.0.6. */
const FORWARDED = `table netdev early {
\tchain in {
\t\ttype filter hook ingress device "wan" priority -500; policy accept;
\t\tip protocol 17 fwd to "lan"
\t}
}
`

const OTHERS = `table ip nat {
\tchain DOCKER {
\t\tiifname != "docker0" tcp dport 8080 counter packets 3 bytes 180 dnat to 172.17.0.2:80
\t}
}
table inet filter {
\tchain early {
\t\ttype filter hook prerouting priority -400; policy accept;
\t\taccept
\t}
\tchain input {
\t\ttype filter hook input priority 0; policy drop;
\t\tct state 0x2,0x4 accept
\t\ttcp dport 22 accept
\t}
}
`

test('what other chains accept, and Docker, goes not past a chain at prerouting', () => {
  assert.deepEqual(remarks(OTHERS), [])
})

test('a flowtable, and a chain at ingress that forwards, take packets past it', () => {
  assert.deepEqual(remarks(`${OTHERS}${FLOWTABLE}${FORWARDED}`), [
    'the flowtable f of table inet fast forwards open connections past our chain, also of who has just been banned',
    'the rule "ip protocol 17 fwd to "lan"" of table netdev early sends packets elsewhere before they come to our chain',
  ])
})

test('where there is no nft, there is nothing to say', () => {
  assert.deepEqual(remarks('', 1), [])
})
