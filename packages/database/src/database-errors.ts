/** SQLSTATE classes of an unavailable server: connection (08), resources (53), operator (57), system (58). */
const UNAVAILABLE_CLASSES: ReadonlySet<string> = new Set(['08', '53', '57', '58'])
/**
 * Read-only: a standby, or a former primary. And connections that the server ends because their transaction was idle or
 * took too long: this process was paused.
 */
const UNAVAILABLE_STATES: ReadonlySet<string> = new Set(['25006', '25P03', '25P04'])
/** Data exceptions (22), integrity constraints (23), and violations of a check option (44). */
const REJECTED_CLASSES: ReadonlySet<string> = new Set(['22', '23', '44'])
const SERIALIZATION_FAILURE = '40001'
const DEADLOCK_DETECTED = '40P01'
const LOCK_NOT_AVAILABLE = '55P03'

/** The server rolled back at COMMIT: the transaction had failed before. */
export class RolledBackError extends Error {}

/** Connecting failed, for any reason: the network, the password, a database that accepts no connections. */
export class NotConnectedError extends Error {}

/**
 * Whether the database cannot be reached, rather than rejecting a statement. The outcome of a COMMIT in flight is then
 * unknown. Errors without an SQLSTATE come from the network or the driver.
 *
 * @example
 * const shutdown = Object.assign(new Error('terminating connection'), { code: '57P01' })
 * isDatabaseUnavailable(shutdown) //=> true
 */
export function isDatabaseUnavailable(error: unknown): boolean {
  if (error instanceof NotConnectedError) return true
  const state = sqlState(error)
  return state === undefined ? isDriverError(error) : isUnavailableState(state)
}

/**
 * Whether a retry of the same transaction may succeed: it lost a conflict with another one.
 *
 * @example
 * const deadlock = Object.assign(new Error('deadlock detected'), { code: '40P01' })
 * isRetryable(deadlock) //=> true
 */
export function isRetryable(error: unknown): boolean {
  const state = sqlState(error)
  if (state === undefined) return error instanceof RolledBackError
  return state === SERIALIZATION_FAILURE || state === DEADLOCK_DETECTED || state === LOCK_NOT_AVAILABLE
}

/**
 * Whether the database rejected the data itself, so that a retry cannot succeed.
 *
 * @example
 * const division = await ownerPool.query('SELECT 1 / 0').catch((error: unknown) => error)
 * isRejectedByDatabase(division) //=> true
 */
export function isRejectedByDatabase(error: unknown): boolean {
  return REJECTED_CLASSES.has(sqlState(error)?.slice(0, 2) ?? '')
}

const isUnavailableState = (state: string): boolean =>
  UNAVAILABLE_CLASSES.has(state.slice(0, 2)) || UNAVAILABLE_STATES.has(state)

/** PostgreSQL's code. The code of a system call may look like one (EPIPE), but those of PostgreSQL all have a digit. */
function sqlState(error: unknown): string | undefined {
  const code = Error.isError(error) && 'code' in error ? error.code : undefined
  return typeof code === 'string' && /^(?=.*\d)[0-9A-Z]{5}$/.test(code) ? code : undefined
}

function isDriverError(error: unknown): boolean {
  if (!Error.isError(error)) return false
  // Node's error when a name has several addresses and none of them can be reached.
  if ('errors' in error && Array.isArray(error.errors)) return error.errors.some(isDriverError)
  return 'syscall' in error || /connect|timeout|queryable|closed|ended/i.test(error.message)
}
