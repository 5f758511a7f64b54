import type { Redis } from 'ioredis'
import { MessageReader, type MessageKind, type MessageReaderOptions } from './message-reader.ts'

const BUFFER_EVENTS: Readonly<Record<MessageKind, string>> = { message: 'messageBuffer', smessage: 'smessageBuffer' }

/**
 * Calls `onMessage` for each message of pub/sub on a connection, and on those that replace it.
 *
 * It reads them before ioredis, which needs several times the CPU for each: between Redis and a gateway's sockets, this was
 * the largest part of the gateway's own work. Everything else stays with ioredis: commands and their responses, reconnects,
 * sentinels, TLS, and the messages of a server without RESP3.
 *
 * How: ioredis listens for the data of a new connection before it emits `connect`, and Redis sends nothing before the first
 * command. If ioredis listened in another way, it would read the messages itself: `messageBuffer` is emitted for them.
 */
export function readMessages(redis: Redis, options: Omit<MessageReaderOptions, 'onReplies'>): void {
  const { kind, prefixBytes, onMessage } = options
  redis.on('connect', () => {
    const { stream } = redis
    // The other listeners of ioredis expect that it has read the data when they are called.
    const [onReplies] = stream.listeners('data') as ((bytes: Buffer) => void)[]
    if (onReplies === undefined) return
    const reader = new MessageReader({ ...options, onReplies })
    stream.prependListener('data', (chunk: Buffer) => reader.read(chunk))
    stream.off('data', onReplies)
  })
  redis.on(BUFFER_EVENTS[kind], (channel: Buffer, payload: Buffer) => {
    onMessage(channel.toString('utf8', prefixBytes), payload)
  })
}
