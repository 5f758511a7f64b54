import type { ConnectOptions } from './api.ts'

/** What the client does, in short messages. Tokens, orders and amounts are never part of the details. */
export type Log = (message: string, details: Readonly<Record<string, unknown>>) => void

export function toLog(debug: ConnectOptions['debug'] = false): Log {
  if (typeof debug === 'function') return debug
  return debug ? (message, details) => console.debug(`paxyo: ${message}`, details) : () => undefined
}
