/** What `paxyo` ends with. Scripts may depend on them. */
export const EXIT_CODES = {
  ok: { code: 0, meaning: 'Done, and nothing is wrong.' },
  findings: { code: 1, meaning: 'Done, and something is wrong: rows that are off or refused, or a failed check.' },
  usage: { code: 2, meaning: 'The command line, a file or the configuration is wrong; nothing was done.' },
  unreachable: { code: 3, meaning: 'PostgreSQL, Redis or the API cannot be reached; try again.' },
  not_found: { code: 4, meaning: 'There is no such order, review or delivery.' },
  refused: { code: 5, meaning: 'PostgreSQL, Redis or the API refused it: a password, a right, or the request itself.' },
  internal: { code: 70, meaning: 'A bug of ours.' },
  interrupted: { code: 130, meaning: 'Interrupted by a signal.' },
} as const

export type ExitReason = keyof typeof EXIT_CODES
