import { parseEnv } from 'node:util'
import { Failure } from '../failure.ts'

// The same file is read by systemd (EnvironmentFile) and by Node (--env-file). What both read alike: a value without
// quotes and without # and \, and a value in single or double quotes that contains neither its quote nor, in double
// quotes, \. Neither has an escape that the other knows.

const CONTROL_CHARACTER = /\p{Cc}/u
const UNQUOTED = /^(?:[^\s'"`#\\](?:[^#\\]*[^\s#\\])?)?$/
const SINGLE_QUOTED = /^[^']*$/
const DOUBLE_QUOTED = /^[^"\\]*$/
const NAME = /^[A-Za-z_]\w*$/

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
  for (const line of text.split('\n')) {
    const [name = '', ...rest] = line.split('=')
    const isExported = /^export\s/.test(name.trim())
    const variable = name
      .trim()
      .replace(/^export\s/, '')
      .trim()
    if (rest.length === 0 || !NAME.test(variable)) continue
    if (!isExported && isReadAlike(rest.join('=').trim())) continue
    throw new Failure(
      'usage',
      `systemd and Node read ${variable} of the .env differently`,
      `Write it in single quotes, without a comment in its line: ${variable}='…'.`,
    )
  }
  return parseEnv(text) as Record<string, string>
}

function isReadAlike(written: string): boolean {
  const quote = written[0]
  if (quote !== "'" && quote !== '"') return UNQUOTED.test(written)
  const isClosed = written.length > 1 && written.endsWith(quote)
  return isClosed && (quote === "'" ? SINGLE_QUOTED : DOUBLE_QUOTED).test(written.slice(1, -1))
}
