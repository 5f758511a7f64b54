import { isRejectedByDatabase, isRetryable } from '@paxyo/database'

const ATTEMPTS_MAX = 3

/**
 * Runs a transaction again when it may have lost a race against another one.
 *
 * @param onRetry called with the error of the attempt before.
 * @throws the database's errors.
 */
export async function retryLostRaces<T>(run: () => Promise<T>, onRetry?: (error: unknown) => void): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await run()
    } catch (error) {
      const mayHaveLostRace = isRejectedByDatabase(error) || isRetryable(error)
      if (!mayHaveLostRace || attempt === ATTEMPTS_MAX) throw error
      onRetry?.(error)
    }
  }
}
