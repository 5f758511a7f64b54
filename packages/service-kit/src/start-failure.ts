import { ConfigError } from './config.ts'

/** Why a service cannot start here and now: its message says what whoever started it can do. */
export class StartError extends Error {
  override readonly name = 'StartError'
}

/** What to tell whoever started a service that did not: a bug with its stack, everything else without. */
export function startFailure(error: unknown): string {
  if (error instanceof ConfigError) return error.message
  if (error instanceof StartError) return `Cannot start: ${error.message}`
  if (!isSystemError(error)) return String(error instanceof Error ? (error.stack ?? error) : error)
  const advice = error.code === 'EADDRINUSE' ? '. Stop what listens there, or set PORT to another number' : ''
  return `Cannot start: ${messageOf(error)}${advice}`
}

/**
 * Codes of the operating system, and PostgreSQL's about connections, logins, missing databases, grants, too many
 * connections and restarts. Of those a stack would only tell the libraries that they went through.
 */
const SYSTEM_CODE = /^(E[A-Z]+|(08|28|3D|53|57)[0-9A-Z]{3}|42501)$/

const isSystemError = (error: unknown): error is Error & { readonly code: string } =>
  error instanceof Error && SYSTEM_CODE.test(String((error as { code?: unknown }).code))

/** A name with several addresses fails with an error for each, and with no message of its own. */
function messageOf(error: Error): string {
  const errors = error instanceof AggregateError ? (error.errors as Error[]) : [error]
  return errors.map(({ message }) => message).join(', ')
}
