import type { PROTOCOL_VERSION, ServerMessage } from '@paxyo/contracts'

/** What this client speaks. The type ties it to the contract, whose schemas are too heavy for a page. */
export const PROTOCOL: typeof PROTOCOL_VERSION = 1

/**
 * Reads a frame. The server is trusted, so only what the client itself would stumble over is looked at. There may be
 * types that this client does not know: a newer server says more.
 *
 * @returns undefined when it is nothing that a server of ours would send.
 */
export function readMessage(data: unknown): ServerMessage | undefined {
  try {
    const message = JSON.parse(data as string) as ServerMessage
    const hasSeq = message.type === 'event' || message.type === 'welcome'
    return hasSeq && !Number.isSafeInteger(message.seq) ? undefined : message
  } catch {
    return undefined
  }
}
