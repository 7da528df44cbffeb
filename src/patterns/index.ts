export { httpd } from './httpd.ts'
export { sshd } from './sshd.ts'
