import { mixed, publicIPv4 } from './hosts.ts'

/** Somebody who may come in. */
export interface Friend {
  readonly name: string
  readonly uid: number
  /** Where the person comes from: at home, at work. */
  readonly addresses: readonly string[]
}

const BEGINNINGS = ['al', 'be', 'ca', 'di', 'el', 'fa', 'gi', 'ho']
const ENDINGS = ['na', 'ro', 'ma', 'li', 'so', 'vi', 'ta', 'ne']

/** So many that an address has times without a login. */
export const FRIENDS: readonly Friend[] = BEGINNINGS.flatMap((a) => ENDINGS.map((b) => a + b)).map((name, i) => ({
  name,
  uid: 1000 + i,
  addresses:
    i % 2
      ? [`10.1.2.${i + 10}`, publicIPv4(mixed(2 * i))]
      : [publicIPv4(mixed(2 * i)), `2a0e:b107:${(i + 1).toString(16)}::${(i + 7).toString(16)}`],
}))
