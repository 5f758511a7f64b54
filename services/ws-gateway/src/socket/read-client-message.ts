import { CLIENT_MESSAGE_TYPES, clientMessageSchema, type ClientMessage } from '@paxyo/contracts'

/**
 * Reads a text frame from a client.
 *
 * @returns `unknown` for a message of a type that this version does not know, and `malformed` for everything else that is
 *   not a message: what is no JSON, has no type, or has a known type and not its shape.
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
