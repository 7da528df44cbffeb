import type { Site, System } from './site.ts'

/** Where a BSD says which of its services are to run, the latter going before the former, and in what words. */
const rcFiles: Readonly<Record<System, { readonly files: readonly string[]; readonly suffix: string } | undefined>> = {
  openbsd: { files: ['/etc/rc.conf', '/etc/rc.conf.local'], suffix: '_flags' },
  freebsd: { files: ['/etc/defaults/rc.conf', '/etc/rc.conf', '/etc/rc.conf.local'], suffix: '_enable' },
  netbsd: { files: ['/etc/defaults/rc.conf', '/etc/rc.conf'], suffix: '' },
  linux: undefined,
}

/** Whether a BSD's own files have a service started; undefined where they do not name it. */
export function isStarted({ system, textOf }: Pick<Site, 'system' | 'textOf'>, service: string): boolean | undefined {
  const rc = rcFiles[system]
  if (!rc) return undefined
  // OpenBSD switches pf itself with `pf=YES`, without a suffix.
  const names = rc.suffix === '_flags' ? `${service}(?:_flags)?` : `${service}${rc.suffix}`
  const values = rc.files.flatMap((file) =>
    [...(textOf(file) ?? '').matchAll(new RegExp(`^[ \\t]*${names}=["']?([^"'\\s#]*)`, 'gm'))].map(([, value]) => value!),
  )
  const last = values.at(-1)
  return last === undefined ? undefined : !/^(?:no|none|off|false|0)$/i.test(last)
}
