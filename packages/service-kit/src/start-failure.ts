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
  return `Cannot start: ${listenFailure(error) ?? messageOf(error)}`
}

/** A server that cannot listen: `address` and `port` are those that it was given. */
function listenFailure(error: Error & { readonly code: string }): string | undefined {
  const { syscall, port } = error as NodeJS.ErrnoException & { readonly port?: number }
  if (syscall !== 'listen') return undefined
  if (error.code === 'EADDRINUSE') {
    return `port ${port} is taken: stop the process that listens there, or set PORT (or METRICS_PORT) to another number`
  }
  if (error.code === 'EACCES') return `port ${port} needs a privilege: set PORT to 1024 or more`
  return undefined
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
