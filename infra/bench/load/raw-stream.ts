import { connect } from 'node:net'
import type { Listener, RawWebSocket } from './raw-web-socket.ts'

const END_OF_LINE = Buffer.from('\r\n')
const END_OF_EVENT = Buffer.from('\n\n')
const DATA = 'data: '
const DATA_AT = DATA.charCodeAt(0)

/** All sockets read into this buffer; an incomplete chunk is copied. */
const shared = Buffer.allocUnsafe(262_144)

/**
 * A minimal client of `POST /stream`, so that thousands of them cost their process little. The first text
 * that is sent is the body of the request, and nothing can be sent after it.
 *
 * @returns once it is connected; a rejection ends it before anything is received.
 */
export function openRawStream(
  port: number,
  path: string,
  listener: Listener,
  localAddress?: string,
): Promise<RawWebSocket> {
  return new Promise((resolve, reject) => {
    let kept: Buffer | undefined
    let hasHead = false
    let isSent = false

    /** The response is chunked; a chunk has whole events. */
    function take(count: number): void {
      let bytes = shared.subarray(0, count)
      if (kept !== undefined) bytes = Buffer.concat([kept, bytes])
      kept = undefined
      let at = 0
      if (!hasHead) {
        const end = bytes.indexOf('\r\n\r\n')
        if (end === -1) return void (kept = Buffer.from(bytes))
        if (bytes.toString('latin1', 9, 12) !== '200') return void socket.destroy()
        hasHead = true
        at = end + 4
      }
      for (let end: number; (end = bytes.indexOf(END_OF_LINE, at)) !== -1;) {
        const length = Number.parseInt(bytes.toString('latin1', at, end), 16)
        if (bytes.length < end + 4 + length) break
        takeEvents(bytes.subarray(end + 2, end + 2 + length))
        at = end + 4 + length
      }
      if (at < bytes.length) kept = Buffer.from(bytes.subarray(at))
    }

    function takeEvents(chunk: Buffer): void {
      for (let at = 0, end: number; (end = chunk.indexOf(END_OF_EVENT, at)) !== -1; at = end + 2) {
        if (chunk[at] === DATA_AT) listener.onFrame(chunk.subarray(at + DATA.length, end))
      }
    }

    const onread = {
      buffer: shared,
      callback(count: number): boolean {
        take(count)
        return true
      },
    }
    const from = localAddress === undefined ? {} : { localAddress }
    const socket = connect({ port, host: '127.0.0.1', noDelay: true, onread, ...from }, () => resolve(opened))
    const opened: RawWebSocket = {
      socket,
      send(text) {
        if (isSent) return
        isSent = true
        const length = Buffer.byteLength(text)
        socket.write(`POST ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\ncontent-length: ${length}\r\n\r\n${text}`)
      },
    }
    socket.once('error', reject)
    socket.once('close', () => {
      reject(new Error('closed'))
      listener.onClose()
    })
  })
}
