import { CLIENT_MESSAGE_TYPES, clientMessageSchema, type ClientMessage } from '@paxyo/contracts'

/**
 * Parses a text frame of a client.
 *
 * @returns `unknown` for a message of a type that this version does not know; `malformed` for a frame that is not JSON, has
 *   no type, or does not match the schema of its type.
 */
export function readClientMessage(text: string): ClientMessage | 'unknown' | 'malformed' {
  let frame: unknown
  try {
    frame = JSON.parse(text)
  } catch {
    return 'malformed'
  }
  const parsed = clientMessageSchema.safeParse(frame)
  if (parsed.success) return parsed.data
  const type = (frame as { readonly type?: unknown } | null)?.type
  return typeof type === 'string' && !CLIENT_MESSAGE_TYPES.has(type) ? 'unknown' : 'malformed'
}
