import * as sets from '../../src/patterns/index.ts'
import { testFail2banLogs } from '../lib/fail2ban-corpus.ts'

// Not here: apache-fakegooglebot (needs DNS), apache-pass (a port knock that succeeded), mongodb-auth (the text log of
// MongoDB before 4.4, where the address comes after the failure).

const apache = [...sets.apache, ...sets.httpd]
const nginx = [...sets.nginx, ...sets.httpd]

const covered = {
  'apache-auth': apache,
  'apache-badbots': apache,
  'apache-botsearch': apache,
  'apache-modsecurity': apache,
  'apache-nohome': apache,
  'apache-noscript': apache,
  'apache-overflows': apache,
  'apache-shellshock': apache,
  bitwarden: sets.bitwarden,
  grafana: sets.grafana,
  'haproxy-http-auth': sets.haproxy,
  'lighttpd-auth': sets.lighttpd,
  'mysqld-auth': sets.mysql,
  'nginx-bad-request': nginx,
  'nginx-botsearch': nginx,
  'nginx-http-auth': nginx,
  'nginx-limit-req': nginx,
  'php-url-fopen': sets.httpd,
  'traefik-auth': sets.httpd,
}

const left = {
  d5ced8cb39d8: 'apache-noscript: without the port that Apache 2.4 writes behind each address',
  '779335556f57': 'nginx-http-auth: a name that holds a whole line. Either address may be the forged one: we take neither',
  '7dfc2b1ecd02': 'traefik-auth: 401 without a name: the first request of every login',
}

const sources = {
  '03ca11d148e2': '192.168.33.1', // apache-auth: a missing file, whose path is a line of another address
  '2bda88ced662': '192.168.33.1', // haproxy-http-auth: a forbidden page
  e3841a47dd19: '10.0.0.2', // traefik-auth: a wrong password, to us in any case, to it in some of its modes
}

testFail2banLogs({ covered, left, sources })
