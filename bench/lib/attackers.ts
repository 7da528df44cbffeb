const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** How many failed passwords are a ban, here and in the jail that we are compared with. */
export const TRIES = 5

/** The n-th of up to 11 million attackers; those of one number are in one network. */
export function attacker(network: number, n: number): string {
  return `${network}.${77 + (n >> 16)}.${(n >> 8) & 255}.${n & 255}`
}

/** Lines of failed passwords as sshd writes them now, each from a connection of its own. */
export function failedPasswords(address: string, count: number): string {
  const date = syslogDate(new Date())
  let lines = ''
  for (let i = 0; i < count; i++) {
    const pid = 1000 + ((address.length * 7919 + Math.trunc(performance.now() * 1000) + i) % 90_000)
    lines += `${date} gate sshd[${pid}]: Failed password for root from ${address} port ${20_000 + i} ssh2\n`
  }
  return lines
}

/** One failed password from the n-th of 16 million addresses, those that follow one another in different networks. */
export function failedPasswordFrom(n: number): string {
  const address = `${16 + (n % 64)}.${(n >> 6) & 255}.${(n >> 14) & 255}.${1 + (n >> 22)}`
  return `${syslogDate(new Date())} gate sshd[${1000 + (n % 90_000)}]: Failed password for root from ${address} port 20000 ssh2\n`
}

/** In UTC, which is the zone that everything runs in here. */
function syslogDate(date: Date): string {
  return `${MONTHS[date.getUTCMonth()]} ${String(date.getUTCDate()).padStart(2)} ${date.toISOString().slice(11, 19)}`
}
