import { diagnoseDatabase, failed, ok, type Diagnostic } from '@paxyo/database/diagnostics'
import { connectDatabase } from '../connect-database.ts'
import { shownAddress } from '../explain-database-error.ts'
import { Failure } from '../failure.ts'
import { diagnoseRights } from './rights.ts'

const STATEMENT_TIMEOUT_MS = 10_000

/** Checks the database with the login of `url`, without writing. */
export async function diagnosePostgres(url: string): Promise<readonly Diagnostic[]> {
  try {
    await using database = await connectDatabase({
      url,
      as: 'login',
      readOnly: true,
      statementTimeoutMs: STATEMENT_TIMEOUT_MS,
    })
    return [
      ok('postgres', `connected to ${shownAddress(url)}`),
      ...(await diagnoseDatabase(database, {
        diagnoseRights,
        // The check of the grants reports it.
        explainUnreadable: (error) => (error instanceof Failure ? error.message : undefined),
      })),
    ]
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    return [failed('postgres', error.message, error.hint ?? "Check PostgreSQL's log.")]
  }
}
