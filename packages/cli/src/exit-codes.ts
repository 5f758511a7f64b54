/** The exit codes of `paxyo`. Scripts may depend on them. */
export const EXIT_CODES = {
  ok: { code: 0, meaning: 'Done, without problems.' },
  violations: { code: 1, meaning: 'Done, with problems: violations, rejected rows or a failed check.' },
  usage: { code: 2, meaning: 'The command line, a file or the configuration is wrong; nothing was changed.' },
  unreachable: { code: 3, meaning: 'PostgreSQL, Redis, the API or the archive cannot be reached; retry.' },
  not_found: { code: 4, meaning: 'No such order, review or delivery.' },
  rejected: {
    code: 5,
    meaning: 'PostgreSQL, Redis, the API or the archive rejected it: a password, a privilege, or the request itself.',
  },
  internal: { code: 70, meaning: 'A bug in paxyo.' },
  interrupted: { code: 130, meaning: 'Interrupted by a signal.' },
} as const

export type ExitReason = keyof typeof EXIT_CODES
