import { NETWORK_ERROR, type Link, type LinkHandlers } from './link.ts'

/** A network that drops the handshake does not report it. */
const OPEN_TIMEOUT_MS = 8_000

/** @throws when there is no WebSocket, or the browser forbids this one. */
export function openSocketLink(url: string, { onOpen, onMessage, onEnd }: LinkHandlers): Link {
  const socket = new WebSocket(url)
  let isClosed = false
  const close = (): void => {
    isClosed = true
    clearTimeout(timer)
    socket.close()
  }
  const timer = setTimeout(() => {
    close()
    onEnd(NETWORK_ERROR)
  }, OPEN_TIMEOUT_MS)
  socket.addEventListener('open', () => {
    clearTimeout(timer)
    if (!isClosed) onOpen()
  })
  socket.addEventListener('message', ({ data }) => !isClosed && onMessage(data))
  socket.addEventListener('close', (event) => {
    clearTimeout(timer)
    if (!isClosed) onEnd(event)
  })
  return {
    kind: 'websocket',
    send(...messages) {
      if (socket.readyState === 1) for (const message of messages) socket.send(JSON.stringify(message))
    },
    close,
  }
}
