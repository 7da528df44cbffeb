import * as sets from '../../src/patterns/index.ts'
import { testFail2banLogs } from '../lib/fail2ban-corpus.ts'

const covered = {
  asterisk: sets.asterisk,
  'courier-auth': sets.courier,
  'courier-smtp': sets.courier,
  'cyrus-imap': sets.cyrus,
  dovecot: [...sets.dovecot, ...sets.pam],
  exim: sets.exim,
  'exim-spam': sets.exim,
  freeswitch: sets.freeswitch,
  'named-refused': sets.named,
  nsd: sets.nsd,
  'pam-generic': sets.pam,
  postfix: sets.postfix,
  proftpd: sets.proftpd,
  'pure-ftpd': sets.pureftpd,
  'sendmail-auth': sets.sendmail,
  'sendmail-reject': sets.sendmail,
  squid: sets.squid,
  vsftpd: [...sets.vsftpd, ...sets.pam],
}

const left = {
  '6eec0d3df781': 'asterisk: an id of a session that holds a whole line. Either address may be the forged one: we take neither',
  '8a24bfa734ff': 'pam-generic: the same with the name of a user',
  '7f7246176975': 'sendmail-reject: an attack by what other lines of the message say; alone it is nothing',
}

const sources = {
  '189131d893ad': '192.0.2.11', // postfix: an attack, to us in any case, to it in some of its modes
  '81d55b4fb008': '1.1.1.1', // postfix: known to be harmless; weighs 0
}

testFail2banLogs({ covered, left, sources })
