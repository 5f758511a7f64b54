import type { PROTOCOL_VERSION, ServerMessage } from '@paxyo/contracts'

/** What this client speaks. The type ties it to the contract, whose schemas are too heavy for a page. */
export const PROTOCOL: typeof PROTOCOL_VERSION = 1

/**
 * Reads a frame. The server is trusted, so only what the client itself depends on is looked at.
 *
 * @returns undefined when it is nothing that a server of ours would send.
 */
export function readMessage(data: unknown): ServerMessage | { readonly type: 'unknown' } | undefined {
  if (typeof data !== 'string') return undefined
  let message: Partial<Record<string, unknown>>
  try {
    message = JSON.parse(data) as typeof message
  } catch {
    return undefined
  }
  const { type, seq, epoch, account, pingIntervalMs, retryAfterMs, code } = message ?? {}
  const isComplete =
    type === 'event'
      ? isWhole(seq) && isObject(account)
      : type === 'welcome'
        ? isWhole(seq) && typeof epoch === 'string' && isWhole(pingIntervalMs)
        : type === 'drain'
          ? isWhole(retryAfterMs)
          : type === 'error'
            ? typeof code === 'string'
            : typeof type === 'string'
  if (!isComplete) return undefined
  // A newer server may say more than this client understands.
  return KNOWN.has(type as string) ? (message as unknown as ServerMessage) : { type: 'unknown' }
}

const KNOWN: ReadonlySet<string> = new Set<ServerMessage['type']>(['welcome', 'event', 'ping', 'drain', 'error'])

const isWhole = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0
const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null
