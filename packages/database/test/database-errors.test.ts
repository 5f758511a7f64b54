import { describe, expect, test } from '@jest/globals'
import { isDatabaseUnavailable, isRejectedByDatabase, isRetryable, RolledBackError } from '../src/database-errors.ts'

/** An error as PostgreSQL reports it. */
const rejection = (code: string): Error => Object.assign(new Error('message of PostgreSQL'), { code })

/** An error as Node reports it. */
const networkError = (code: string, syscall: string): Error => Object.assign(new Error(code), { code, syscall })

const kindOf = (error: unknown): string => {
  const kinds = [
    ['unavailable', isDatabaseUnavailable],
    ['retryable', isRetryable],
    ['rejected', isRejectedByDatabase],
  ] as const
  return (
    kinds
      .filter(([, is]) => is(error))
      .map(([kind]) => kind)
      .join(' and ') || 'none of these'
  )
}

describe('what PostgreSQL reports', () => {
  test.each([
    ['08006', 'connection failure', 'unavailable'],
    ['53300', 'too many connections', 'unavailable'],
    ['53100', 'disk full', 'unavailable'],
    ['57014', 'statement timed out', 'unavailable'],
    ['57P01', 'the server was told to stop', 'unavailable'],
    ['57P03', 'the server is starting', 'unavailable'],
    ['58030', 'I/O error', 'unavailable'],
    ['25006', 'a standby, which writes nothing', 'unavailable'],
    ['25P03', 'the transaction was idle for too long', 'unavailable'],
    ['25P04', 'the transaction took too long', 'unavailable'],
    ['40001', 'serialization failure', 'retryable'],
    ['40P01', 'deadlock', 'retryable'],
    ['55P03', 'lock timeout', 'retryable'],
    ['22003', 'number out of range', 'rejected'],
    ['22021', 'a character that text cannot hold', 'rejected'],
    ['23505', 'not unique', 'rejected'],
    ['23514', 'a check says no', 'rejected'],
    ['25P02', 'the transaction is aborted', 'none of these'],
    ['28P01', 'wrong password', 'none of these'],
    ['42501', 'permission denied', 'none of these'],
    ['42P01', 'no such table', 'none of these'],
    ['XX000', 'a bug of PostgreSQL', 'none of these'],
  ])('%s, %s: %s', (code, _meaning, kind) => {
    expect(kindOf(rejection(code))).toBe(kind)
  })
})

describe('what the network and the driver report', () => {
  test.each([
    networkError('ECONNREFUSED', 'connect'),
    networkError('ECONNRESET', 'read'),
    networkError('EPIPE', 'write'),
    networkError('ENOTFOUND', 'getaddrinfo'),
    // Node's error when a name has several addresses and none responds; it has no message.
    Object.assign(new AggregateError([networkError('ECONNREFUSED', 'connect')]), { code: 'ECONNREFUSED' }),
    new Error('Connection terminated unexpectedly'),
    new Error('Connection terminated due to connection timeout'),
    new Error('timeout exceeded when trying to connect'),
    new Error('Query read timeout'),
    new Error('Client has encountered a connection error and is not queryable'),
    new Error('Client was closed and is not queryable'),
  ])('$code $message: unavailable', (error) => {
    expect(kindOf(error)).toBe('unavailable')
  })
})

test('a COMMIT that was answered with ROLLBACK may be tried again', () => {
  expect(kindOf(new RolledBackError('COMMIT returned ROLLBACK'))).toBe('retryable')
})

test.each([
  [new TypeError("Cannot read properties of undefined (reading 'rows')")],
  [new AggregateError([new TypeError('a bug')])],
  ['57P01'],
  [{ code: '57P01' }],
  [undefined],
])('%p is not about the database', (error) => {
  expect(kindOf(error)).toBe('none of these')
})
