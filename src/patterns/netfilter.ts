import { patternSet } from '../matching/pattern.ts'
import { bait, port } from './packets.ts'
import { stamp } from './syslog.ts'

/**
 * Linux 4.x to 6.x: what nftables' `log` and iptables' `-j LOG` write into the kernel's log (nf_log_syslog.c). Log what is
 * dropped, and nothing else: `log prefix "dropped " drop` at the chain's end; the text of the prefix is free. See packets.ts.
 */
const info = { name: 'netfilter', prefix: new RegExp(String.raw`${stamp}kernel: (?:\[ *\d+\.\d+\] ?)?`) }

// Came in by an interface, and was not ours going out.
const packet = String.raw`^[^=]*IN=\S+ OUT=\S* (?:PHYSIN=\S+ )?(?:PHYSOUT=\S+ )?(?:MAC=\S* )?SRC=(?<ip>[\da-fA-F:.]+) DST=[\da-fA-F:.]+ LEN=\d+ (?:TOS=\w+ PREC=\w+ TTL=\d+ ID=\d+ (?:CE )?(?:DF )?|TC=\d+ HOPLIMIT=\d+ FLOWLBL=\d+ )`
const ownWords = "before the address stand only the rule's own log prefix and names of interfaces"
const tcp = (to: string) =>
  new RegExp(String.raw`${packet}PROTO=TCP SPT=\d+ DPT=${to} (?:SEQ=\d+ ACK=\d+ )?WINDOW=\d+ RES=\w+ (?:CWR )?(?:ECE )?SYN URGP=`)

const line = (rest: string, source = '203.0.113.9') =>
  `Nov 21 10:00:00 gw kernel: [12345.678901] dropped IN=eth0 OUT= MAC=02:00:00:00:00:01:02:00:00:00:00:02:08:00 SRC=${source} DST=192.0.2.25 LEN=40 TOS=0x00 PREC=0x00 TTL=244 ID=54321 ${rest}`
const syn = (to: number) => `PROTO=TCP SPT=40000 DPT=${to} WINDOW=1024 RES=0x00 SYN URGP=0`
const ack = 'PROTO=TCP SPT=40000 DPT=23 WINDOW=1024 RES=0x00 ACK FIN URGP=0'

export const netfilter = patternSet(info, [
  {
    name: 'blocked-connection',
    weight: 10,
    spoofable: true,
    distinct: 'port',
    regex: tcp(port),
    unforgeable: ownWords,
    samples: {
      match: [
        [line(syn(8081)), '203.0.113.9'],
        [
          'Nov 21 10:00:00 gw kernel: IN=eth0 OUT=eth1 MAC=02:00:00:00:00:01 SRC=2001:db8::9 DST=2001:db8::25 LEN=60 TC=0 HOPLIMIT=244 FLOWLBL=0 PROTO=TCP SPT=5 DPT=8081 SEQ=1 ACK=0 WINDOW=1024 RES=0x00 SYN URGP=0',
          '2001:db8::9',
        ],
      ],
      miss: [line(ack), line('PROTO=ICMP TYPE=8 CODE=0 ID=1 SEQ=1'), line(syn(80)).replace('IN=eth0 OUT=', 'IN= OUT=eth0')],
      forged: [['Nov 21 10:00:00 gw su: kernel: dropped IN=eth0 OUT= SRC=192.0.2.1 DST=192.0.2.25 LEN=40 x', null]],
    },
  },
  {
    name: 'bait-port',
    weight: 20,
    spoofable: true,
    regex: tcp(bait),
    unforgeable: ownWords,
    samples: {
      match: [[line(syn(23)), '203.0.113.9']],
      miss: [line(syn(8023)), line(ack)],
      forged: [[line(syn(23), 'x SRC=192.0.2.1'), null]],
    },
  },
  {
    name: 'blocked-datagram',
    weight: 5,
    spoofable: true,
    distinct: 'port',
    regex: new RegExp(String.raw`${packet}PROTO=UDP SPT=\d+ DPT=${port} LEN=\d+`),
    unforgeable: ownWords,
    samples: {
      match: [[line('PROTO=UDP SPT=40000 DPT=1900 LEN=20'), '203.0.113.9']],
      miss: [line(syn(1900))],
      forged: [
        [
          line(
            'PROTO=ICMP TYPE=3 CODE=3 [SRC=192.0.2.1 DST=203.0.113.9 LEN=40 TOS=0x00 PREC=0x00 TTL=1 ID=1 PROTO=UDP SPT=5 DPT=5 LEN=20 ]',
          ),
          null,
        ],
      ],
    },
  },
])
