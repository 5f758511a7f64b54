import { CLOSE_CODES } from '@paxyo/contracts'
import { WebSocket } from 'ws'
import { textFrame } from './text-frame.ts'
import { CORKED_BYTES_MAX, type Output, type Transport } from './transport.ts'

/**
 * A WebSocket. It writes its frames to the socket below directly, each in one write, where `ws` needs two. These frames
 * never split one of `ws`: without compression, `ws` writes a frame at once.
 *
 * @param output the stream that the WebSocket writes to.
 */
export function createSocketTransport(socket: WebSocket, output: Output): Transport {
  let isCorked = false
  return {
    kind: 'websocket',
    get unreadBytes() {
      return output.writableLength
    },
    send(payload) {
      if (socket.readyState !== WebSocket.OPEN) return 0
      output.write(textFrame(payload))
      if (isCorked && output.writableLength > CORKED_BYTES_MAX) {
        output.uncork()
        output.cork()
      }
      return output.writableLength
    },
    cork() {
      isCorked = true
      output.cork()
    },
    uncork() {
      isCorked = false
      output.uncork()
    },
    close: (reason) => socket.close(CLOSE_CODES[reason].code, reason),
    abort: () => socket.terminate(),
  }
}
