/** One thing that was looked at, and how it stands. */
export interface Finding {
  /** `node`, `rights`, `log /var/log/authlog`, `table bad_ip`, ... */
  readonly about: string
  /** `wrong`: who is banned may get through, or nobody is banned. `warning`: that may come of it, or it could not be looked at. */
  readonly state: 'ok' | 'warning' | 'wrong'
  /** In one sentence. Strangers may have named things in it, so it is escaped where it is shown. */
  readonly says: string
  readonly todo?: string
}

export function ok(about: string, says: string): Finding {
  return { about, state: 'ok', says }
}

export function warning(about: string, says: string, todo: string): Finding {
  return { about, state: 'warning', says, todo }
}

export function wrong(about: string, says: string, todo: string): Finding {
  return { about, state: 'wrong', says, todo }
}
