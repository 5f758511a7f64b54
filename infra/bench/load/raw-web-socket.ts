import { connect, type Socket } from 'node:net'

const OPCODE_TEXT = 0x81
const OPCODE_CLOSE = 0x88
const MASKED = 0x80
const LENGTH_16 = 126
const UPGRADE_KEY = 'dGhlIHNhbXBsZSBub25jZQ=='

export interface RawWebSocket {
  readonly socket: Socket
  send(text: string): void
}

export interface Listener {
  /** The payload of a text frame; the buffer is reused after this returns. */
  onFrame(payload: Buffer): void
  /** With the close code of a WebSocket; 1006 when the server sent none. */
  onClose(code?: number): void
}

/** All sockets read into this buffer; an incomplete frame is copied. */
const shared = Buffer.allocUnsafe(262_144)

/**
 * A minimal WebSocket, so that thousands of them cost their process little. It reads text frames of up to 64 KiB.
 *
 * @param localAddress the local address of the connection; the system chooses when it is not given.
 * @returns after the server has accepted the upgrade.
 * @throws Error when the server rejects it.
 */
export function openRawWebSocket(
  port: number,
  path: string,
  listener: Listener,
  localAddress?: string,
): Promise<RawWebSocket> {
  return new Promise((resolve, reject) => {
    let kept: Buffer | undefined
    let isOpen = false
    let closeCode = 1006
    const take = (count: number): void => {
      let bytes = shared.subarray(0, count)
      if (kept !== undefined) {
        bytes = Buffer.concat([kept, bytes])
        kept = undefined
      }
      let at = 0
      if (!isOpen) {
        const end = bytes.indexOf('\r\n\r\n')
        if (end === -1) return void (kept = Buffer.from(bytes))
        if (bytes.toString('latin1', 9, 12) !== '101') return reject(new Error(bytes.toString('latin1', 0, 100)))
        isOpen = true
        at = end + 4
        resolve(opened)
      }
      while (bytes.length - at >= 2) {
        let length = bytes[at + 1]!
        let head = 2
        if (length === LENGTH_16 && bytes.length - at >= 4) {
          length = bytes.readUInt16BE(at + 2)
          head = 4
        }
        if (bytes.length - at < head + length) break
        if (bytes[at] === OPCODE_TEXT) listener.onFrame(bytes.subarray(at + head, at + head + length))
        if (bytes[at] === OPCODE_CLOSE && length >= 2) closeCode = bytes.readUInt16BE(at + head)
        at += head + length
      }
      if (at < bytes.length) kept = Buffer.from(bytes.subarray(at))
    }
    const onread = {
      buffer: shared,
      callback(count: number): boolean {
        take(count)
        return true
      },
    }
    const from = localAddress === undefined ? {} : { localAddress }
    const socket = connect({ port, host: '127.0.0.1', noDelay: true, onread, ...from }, () =>
      socket.write(
        `GET ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nconnection: Upgrade\r\nupgrade: websocket\r\n` +
          `sec-websocket-version: 13\r\nsec-websocket-key: ${UPGRADE_KEY}\r\n\r\n`,
      ),
    )
    const opened: RawWebSocket = { socket, send: (text) => void socket.write(toFrame(text)) }
    socket.once('error', reject)
    socket.once('close', () => {
      reject(new Error('closed'))
      listener.onClose(closeCode)
    })
  })
}

/** A masked text frame. The mask is zero, which leaves the payload unchanged. */
function toFrame(text: string): Buffer {
  const payload = Buffer.from(text)
  const head =
    payload.length < LENGTH_16
      ? [OPCODE_TEXT, MASKED | payload.length]
      : [OPCODE_TEXT, MASKED | LENGTH_16, payload.length >> 8, payload.length & 0xff]
  return Buffer.concat([Buffer.from(head), Buffer.alloc(4), payload])
}
