// Which lines of which logs count for what. To be kept as /etc/log2table/parameters.ts; `log2table check` finds every
// mistake in it, and `log2table reload` puts a changed one in force (with any mistake, the old one stays).

import { dryRun, Hackers, nftables, parameters } from 'log2table'
import { httpd, sshd } from 'log2table/patterns'
import { Doorman } from './rules.ts'

export default parameters({
  // Never banned: addresses, networks, and files of them, one a line, which are read again when they change. What would
  // lock you out (this machine's own addresses, its gateways and resolvers, your own login) is never banned anyway.
  ignore: ['192.0.2.0/24', '2001:db8:cafe::/48'],

  // The firewall's tables. With dryRun(), log2table only says what it would do.
  tables: {
    bad_ip: nftables(),
    visitors: dryRun(),
  },

  // What points lead to. The first ban of an address lasts an hour, the second a day, all later ones a week.
  rules: {
    hackers: new Hackers({ table: 'bad_ip', threshold: 100, window: '1h', ban: ['1h', '1d', '7d'] }),
    doorman: new Doorman('visitors'),
  },

  // Which rule the patterns of a log feed. Points of one address add up over all logs that feed the same rule.
  // A log that is not there yet is waited for; new files that fit a `*` are followed as they appear.
  logs: {
    '/var/log/auth.log': { hackers: sshd },
    '/var/log/nginx/*access.log': {
      hackers: [
        ...httpd,
        // A pattern of your own. The group `ip` is the address that pays, `weight` is the price (10 where none is given).
        { name: 'old-shop', regex: /^(?<ip>\S+) - \S+ \[[^\]"]*\] "[A-Z]+ \/shop\/admin[^"]*" 404 /, weight: 50 },
      ],
    },
    // Another rule for lines of another kind; other groups of the regex reach the rule as hit.parameters.
    '/var/log/door.log': {
      doorman: [{ regex: /^\S+ door\[\d+\]: (?<ip>[\da-fA-F:.]+) knocked at port (?<port>\d+)$/ }],
    },
  },
})
