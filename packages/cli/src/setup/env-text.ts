import { parseEnv } from 'node:util'
import { Failure } from '../failure.ts'

// The same file is read by systemd (EnvironmentFile) and by Node (--env-file). What both read alike: a value without
// quotes and without # and \, and a value in single or double quotes that contains neither its quote nor, in double
// quotes, \. Neither has an escape that the other knows.

const CONTROL_CHARACTER = /\p{Cc}/u
const UNQUOTED = /^(?:[^\s'"`#\\](?:[^#\\]*[^\s#\\])?)?$/
const SINGLE_QUOTED = /^[^']*$/
const DOUBLE_QUOTED = /^[^"\\]*$/
/** An assignment, with its value as it is written. */
const ASSIGNMENT = /^[ \t]*(export[ \t]+)?([A-Za-z_]\w*)[ \t]*=[ \t]*(.*?)[ \t\r]*$/gm

/**
 * One line of an environment file, without its end.
 *
 * @throws Failure when systemd and Node would read different values, or the value contains a control character.
 */
export function renderVariable(name: string, value: string): string {
  if (CONTROL_CHARACTER.test(value)) {
    throw new Failure(
      'usage',
      `${name} contains a control character`,
      'A value has one line; use a file for longer ones.',
    )
  }
  if (UNQUOTED.test(value)) return `${name}=${value}`
  if (SINGLE_QUOTED.test(value)) return `${name}='${value}'`
  if (DOUBLE_QUOTED.test(value)) return `${name}="${value}"`
  throw new Failure(
    'usage',
    `${name} contains ' together with " or \\: systemd and Node would read different values`,
    'Choose a value without one of them.',
  )
}

/**
 * The variables of an environment file.
 *
 * @throws Failure that names a variable which systemd and Node read differently.
 */
export function parseVariables(text: string): Record<string, string> {
  for (const [, exported, name, written] of text.matchAll(ASSIGNMENT)) {
    if (exported === undefined && isReadAlike(written!)) continue
    throw new Failure(
      'usage',
      `systemd and Node read ${name} of the .env differently`,
      `Write it in single quotes, without a comment in its line: ${name}='…'.`,
    )
  }
  return parseEnv(text) as Record<string, string>
}

function isReadAlike(written: string): boolean {
  const [, quote, quoted] = /^(['"])(.*)\1$/.exec(written) ?? []
  if (quote === undefined) return UNQUOTED.test(written)
  return (quote === "'" ? SINGLE_QUOTED : DOUBLE_QUOTED).test(quoted!)
}
