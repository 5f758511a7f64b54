import { CLOSE_CODES } from '@paxyo/contracts'
import type { ServerResponse } from 'node:http'
import { CORKED_BYTES_MAX, type Transport } from './transport.ts'

const DATA = Buffer.from('data: ')
const END = Buffer.from('\n\n')
/** How long a client may take to read the end of the stream. */
const CLOSE_TIMEOUT_MS = 5_000
/** Some proxies pass a response on in blocks of this size. */
const BLOCK_BYTES = 4096
/** A comment, which clients ignore, as long as a block. */
const PADDING = Buffer.from(`:${' '.repeat(BLOCK_BYTES - 3)}\n\n`)

export interface SseTransportOptions {
  /** Whether a proxy on the way keeps less than a block back, so that padding must follow what was sent. */
  readonly isPadded: boolean
}

/**
 * The response to an HTTP request, in the format of server-sent events: each message is one event, and the close code
 * comes as an event of the type `close`. It begins with padding, which makes proxies and browsers pass on what follows.
 */
export function createSseTransport(response: ServerResponse, { isPadded }: SseTransportOptions): Transport {
  let isCorked = false
  response.write(PADDING)
  return {
    kind: 'stream',
    get unreadBytes() {
      return response.writableLength
    },
    send(payload) {
      if (response.writableEnded || response.destroyed) return 0
      response.write(Buffer.concat(isPadded && !isCorked ? [DATA, payload, END, PADDING] : [DATA, payload, END]))
      if (isCorked && response.writableLength > CORKED_BYTES_MAX) {
        response.uncork()
        response.cork()
      }
      return response.writableLength
    },
    cork() {
      isCorked = true
      response.cork()
    },
    uncork() {
      isCorked = false
      if (isPadded) response.write(PADDING)
      response.uncork()
    },
    close(reason) {
      const close = JSON.stringify({ code: CLOSE_CODES[reason].code, reason })
      response.end(`event: close\ndata: ${close}\n\n${isPadded ? PADDING.toString() : ''}`)
      setTimeout(() => response.destroy(), CLOSE_TIMEOUT_MS).unref()
    },
    abort: () => void response.destroy(),
  }
}
