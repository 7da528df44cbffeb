import { publicIPv4 } from './hosts.ts'

/** Somebody who may come in. */
export interface Friend {
  readonly name: string
  readonly uid: number
  /** Where the person comes from: at home, at work. */
  readonly addresses: readonly string[]
}

export const FRIENDS: readonly Friend[] = ['alice', 'bob', 'carol', 'dave', 'erin', 'frank', 'grace', 'heidi'].map((name, i) => ({
  name,
  uid: 1000 + i,
  addresses:
    i % 2 ? [`10.1.2.${i + 10}`, publicIPv4(0x51a7 * (i + 1))] : [publicIPv4(0xbeef * (i + 1)), `2a0e:b107:${i + 1}::${i + 7}`],
}))
