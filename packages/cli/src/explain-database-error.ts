import { isDatabaseUnavailable } from '@paxyo/database/errors'
import { parseDatabaseUrl, serversOf } from '@paxyo/database/url'
import { Failure } from './failure.ts'
import { explainNetworkError, withoutPassword } from './explain-network-error.ts'

/** Explains PostgreSQL's error codes to the user of a command. */
function explainState(state: string, message: string, url: URL): Failure | undefined {
  const user = decodeURIComponent(url.username)
  const database = decodeURIComponent(url.pathname.slice(1)) || user
  switch (state) {
    case '28P01':
      return new Failure(
        'rejected',
        `PostgreSQL rejected the password of "${user}"`,
        'Correct it in DATABASE_URL; percent-encode characters such as @ : /.',
      )
    case '28000':
      return new Failure(
        'rejected',
        `PostgreSQL rejected the login of "${user}": ${message}`,
        'Check pg_hba.conf and the login.',
      )
    case '3D000':
      return new Failure(
        'rejected',
        `there is no database "${database}" on ${url.host}`,
        `Correct its name in DATABASE_URL, or create it: createdb ${database}, then paxyo migrate.`,
      )
    case '42P01':
    case '42703':
      return new Failure(
        'rejected',
        `the database "${database}" lacks a table or column: ${message}`,
        'Run paxyo migrate, or correct the name of the database in DATABASE_URL.',
      )
    case '42501':
      return new Failure(
        'rejected',
        `"${user}" lacks a privilege: ${message}`,
        'Use the owner of the database, or run paxyo doctor to see which privileges are missing.',
      )
    case '22023':
      if (!message.includes('role')) return undefined
      return new Failure('rejected', message, 'Run paxyo migrate: it creates the roles.')
    case '57014':
      return new Failure(
        'unreachable',
        'the statement exceeded its time limit and was canceled',
        'Retry when PostgreSQL is less busy.',
      )
    default:
      return undefined
  }
}

/** An address that can be shown: without the password, and with the names of all its servers. */
export const shownAddress = (address: string): string =>
  parseDatabaseUrl(address)
    .urls.map((url) => withoutPassword(new URL(url)))
    .join(' or ')

/** @returns the failure to show, without the password of the address. */
export function explainDatabaseError(error: unknown, address: string): Failure {
  if (error instanceof Failure) return error
  const { urls, asksForPrimary } = parseDatabaseUrl(address)
  const url = new URL(urls[0]!)
  const { code, message } = error as { code?: string; message: string }
  const explained = explainState(code ?? '', message, url)
  if (explained !== undefined) return explained
  if ((urls.length > 1 || asksForPrimary) && isDatabaseUnavailable(error)) {
    const hint = `Check ${serversOf(address).join(', ')}, or correct DATABASE_URL.`
    return new Failure('unreachable', message, hint, { cause: error })
  }
  const network = explainNetworkError(error, 'PostgreSQL', url, 'DATABASE_URL')
  if (network !== undefined) return network
  const reason = isDatabaseUnavailable(error) ? 'unreachable' : 'rejected'
  return new Failure(reason, `PostgreSQL at ${shownAddress(address)}: ${message}`, undefined, { cause: error })
}
