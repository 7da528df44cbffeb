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
  sshd: sets.sshd,
  'sshd-journal': sets.sshd,
  vsftpd: [...sets.vsftpd, ...sets.pam],
}

const left = {
  '6eec0d3df781': 'asterisk: an id of a session that holds a whole line. Either address may be the forged one: we take neither',
  '8a24bfa734ff': 'pam-generic: the same with the name of a user',
  '7f7246176975': 'sendmail-reject: an attack by what other lines of the message say; alone it is nothing',
  '390db0e5646a': 'sshd: without a port, as no sshd writes it',
  bdfe146470a5: "sshd: of the method hostbased, behind which the peer's own words stand",
  '6e8944f2c2b3': "sshd: of the method hostbased, behind which the peer's own words stand",
  '89d71b87bcb4': "sshd: of protocol 1, which ended with OpenSSH 7.6, with the peer's own words at the end",
  '5352085bb09c': "sshd: of protocol 1, which ended with OpenSSH 7.6, with the peer's own words at the end",
  '7784491ed78f': "sshd: of protocol 1, which ended with OpenSSH 7.6, with the peer's own words at the end",
  '0d4856bcb8d6': 'sshd: the other reading of that line',
  '46cc0fa736ea': 'sshd: its address is in a line of a version that others have made',
  e3e0044e8701: 'sshd-journal: without a port, as no sshd writes it',
  cebc4f11edd2: 'sshd-journal: a line that another program wrote down once more',
  '3cccf9718dac': "sshd-journal: of the method hostbased, behind which the peer's own words stand",
  '2b4f09e0d842': "sshd-journal: of the method hostbased, behind which the peer's own words stand",
  '97154040fee6': "sshd-journal: of protocol 1, which ended with OpenSSH 7.6, with the peer's own words at the end",
  '2937f10e5814': "sshd-journal: of protocol 1, which ended with OpenSSH 7.6, with the peer's own words at the end",
  c3eadcedf026: "sshd-journal: of protocol 1, which ended with OpenSSH 7.6, with the peer's own words at the end",
  c1d548e083f6: 'sshd-journal: the other reading of that line',
  '2ce8d5a3f697': 'sshd-journal: its address is in a line of a version that others have made',
}

const sources = {
  '189131d893ad': '192.0.2.11', // postfix: an attack, to us in any case, to it in some of its modes
  '81d55b4fb008': '1.1.1.1', // postfix: known to be harmless; weighs 0
  '3f86704cb309': '1.2.3.4', // sshd: a harmless line with its address
  '7155e10874ec': '1.2.3.4', // sshd: a harmless line with its address
  '0d4856bcb8d6': '10.10.1.2', // sshd: nothing stands behind `ssh2` in this line, so what comes before it is the user's name
  '7930e7336b11': '192.0.2.1', // sshd: a good login
  '562252239da4': '115.249.163.77', // sshd: a harmless line with its address
  ff39c06ef21a: '115.249.163.77', // sshd: a harmless line with its address
  '9924d5cc9621': '192.0.2.112', // sshd: a PAM module's line
  '8991bdb1300c': '192.0.2.113', // sshd: a PAM module's line
  '2dfedcc4bcdb': '192.0.2.113', // sshd: a good login
  '48075d2ce74c': '192.0.2.114', // sshd: a PAM module's line
  '492fba27448e': '192.0.2.116', // sshd: a PAM module's line
  '1e178cd8b2d9': '192.0.2.6', // sshd: a harmless line with its address
  '48cdb2de16b4': '192.0.2.10', // sshd: a harmless line with its address
  a933b3226a09: '192.0.2.16', // sshd: a harmless line with its address
  '815c208e558b': '192.0.2.16', // sshd: a harmless line with its address
  '05589d5ef9b8': '192.0.2.3', // sshd: a harmless line with its address
  f008e8f95d51: '192.0.2.1', // sshd: a harmless line with its address
  c761100a2142: '1.2.3.4', // sshd-journal: a harmless line with its address
  '16a1b10534d0': '1.2.3.4', // sshd-journal: a harmless line with its address
  c1d548e083f6: '10.10.1.2', // sshd-journal: nothing stands behind `ssh2` in this line, so what comes before it is the user's name
  '44dd868e4fc4': '192.0.2.1', // sshd-journal: a good login
  f4abfdea78b1: '115.249.163.77', // sshd-journal: a harmless line with its address
  '6dd141f745ea': '115.249.163.77', // sshd-journal: a harmless line with its address
  f7e7566e40aa: '192.0.2.112', // sshd-journal: a PAM module's line
  b9575d3cf123: '192.0.2.113', // sshd-journal: a PAM module's line
  '6b18b8768767': '192.0.2.113', // sshd-journal: a good login
  a9e9b8642b14: '192.0.2.114', // sshd-journal: a PAM module's line
  '8415069661f5': '192.0.2.116', // sshd-journal: a PAM module's line
  '2d5efce45452': '192.0.2.6', // sshd-journal: a harmless line with its address
  '85625786ad87': '192.0.2.3', // sshd-journal: a harmless line with its address
  ec35139fa261: '192.0.2.1', // sshd-journal: a harmless line with its address
}

testFail2banLogs({ covered, left, sources })
