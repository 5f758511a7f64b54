import { isDatabaseUnavailable } from '@paxyo/database'
import { Failure } from './failure.ts'
import { explainNetworkError, withoutPassword } from './explain-network-error.ts'

/** What PostgreSQL's codes mean to somebody who runs a command. */
function explainState(state: string, message: string, url: URL): Failure | undefined {
  const user = decodeURIComponent(url.username)
  const database = decodeURIComponent(url.pathname.slice(1)) || user
  switch (state) {
    case '28P01':
      return new Failure(
        'refused',
        `PostgreSQL refuses the password of "${user}"`,
        'Put the right one into DATABASE_URL; characters such as @ : / must be percent-encoded.',
      )
    case '28000':
      return new Failure(
        'refused',
        `PostgreSQL lets "${user}" not in: ${message}`,
        'Look at pg_hba.conf and the login.',
      )
    case '3D000':
      return new Failure(
        'refused',
        `there is no database "${database}" on ${url.host}`,
        `Correct its name in DATABASE_URL, or make it: createdb ${database}, then paxyo migrate.`,
      )
    case '42P01':
    case '42703':
      return new Failure(
        'refused',
        `the database "${database}" lacks what this needs: ${message}`,
        'Run paxyo migrate, or correct the name of the database in DATABASE_URL.',
      )
    case '42501':
      return new Failure(
        'refused',
        `"${user}" may not do this: ${message}`,
        'Use the owner of the database, or run paxyo doctor to see which rights are missing.',
      )
    case '22023':
      if (!message.includes('role')) return undefined
      return new Failure('refused', message, 'Run paxyo migrate: it makes the roles.')
    case '57014':
      return new Failure(
        'unreachable',
        'PostgreSQL took too long and was told to stop',
        'Try again when it has less to do.',
      )
    default:
      return undefined
  }
}

/** @returns what to tell a person, without the password of the address. */
export function explainDatabaseError(error: unknown, address: string): Failure {
  if (error instanceof Failure) return error
  const url = new URL(address)
  const { code, message } = error as { code?: string; message: string }
  const explained = explainState(code ?? '', message, url)
  if (explained !== undefined) return explained
  const network = explainNetworkError(error, 'PostgreSQL', url, 'DATABASE_URL')
  if (network !== undefined) return network
  const reason = isDatabaseUnavailable(error) ? 'unreachable' : 'refused'
  return new Failure(reason, `PostgreSQL at ${withoutPassword(url)}: ${message}`, undefined, { cause: error })
}
