import { ConfigError } from './config/load-config.ts'

/** Why a service cannot start in this environment. The message says how to fix it. */
export class StartError extends Error {
  override readonly name = 'StartError'
}

/** The text to print when a start fails: with a stack for a bug, without one for everything else. */
export function startFailure(error: unknown): string {
  if (error instanceof ConfigError) return error.message
  if (error instanceof StartError) return `Cannot start: ${error.message}`
  if (!isSystemError(error)) return String(error instanceof Error ? (error.stack ?? error) : error)
  const advice =
    error.code === 'EADDRINUSE' ? '. Stop the process that listens there, or set PORT to another number' : ''
  return `Cannot start: ${messageOf(error)}${advice}`
}

/**
 * Codes of the operating system, and PostgreSQL's for connections, logins, missing databases, grants, too many
 * connections and restarts. Their stacks would only show libraries.
 */
const SYSTEM_CODE = /^(E[A-Z]+|(08|28|3D|53|57)[0-9A-Z]{3}|42501)$/

const isSystemError = (error: unknown): error is Error & { readonly code: string } =>
  error instanceof Error && SYSTEM_CODE.test(String((error as { code?: unknown }).code))

/** A host name with several addresses fails with one error per address, in an AggregateError without a message. */
function messageOf(error: Error): string {
  const errors = error instanceof AggregateError ? (error.errors as Error[]) : [error]
  return errors.map(({ message }) => message).join(', ')
}
