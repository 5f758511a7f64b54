import type { ClientMessage, OrderEvent, Position, ServerMessage, Welcome } from '@paxyo/contracts'

export type ConnectionState = 'connecting' | 'live' | 'reconnecting' | 'ended'

/** How to get in, and where. */
export interface Credentials {
  readonly token: string
  /** The gateway's `ws://…/ws` or `wss://…/ws`. */
  readonly url: string
}

export interface StreamHandlers {
  onSnapshot(welcome: Welcome): void
  onEvent(event: OrderEvent): void
  onState(state: ConnectionState): void
}

const RETRY_DELAY_MS_MAX = 10_000
/** Tokens are renewed this long before they expire. */
const REFRESH_BEFORE_EXPIRY_MS = 60_000

/** Follows the user's stream for as long as the page lives: reconnects with back-off and resumes where it was. */
export function followStream(getCredentials: () => Promise<Credentials>, handlers: StreamHandlers): void {
  let position: Position | undefined
  let attempts = 0
  let refreshTimer = 0

  function reconnect(afterMs?: number): void {
    handlers.onState('reconnecting')
    const delayMs = afterMs ?? Math.random() * Math.min(RETRY_DELAY_MS_MAX, 250 * 2 ** attempts)
    attempts += 1
    setTimeout(() => void connect(), delayMs)
  }

  async function connect(): Promise<void> {
    let credentials: Credentials
    try {
      credentials = await getCredentials()
    } catch {
      return reconnect()
    }
    const { token, url } = credentials
    const socket = new WebSocket(url)
    let silenceTimer = 0
    let silenceMs = 60_000
    const send = (message: ClientMessage): void => socket.send(JSON.stringify(message))

    socket.addEventListener('open', () => {
      send(position === undefined ? { type: 'hello', token } : { type: 'hello', token, resume: position })
      scheduleRefresh(token, send)
    })

    socket.addEventListener('message', ({ data }: MessageEvent<string>) => {
      clearTimeout(silenceTimer)
      silenceTimer = setTimeout(() => socket.close(), silenceMs)
      const message = JSON.parse(data) as ServerMessage
      switch (message.type) {
        case 'welcome':
          attempts = 0
          silenceMs = message.pingIntervalMs * 2
          position = { epoch: message.epoch, seq: message.seq }
          if (message.mode === 'snapshot') handlers.onSnapshot(message)
          handlers.onState('live')
          break
        case 'event':
          if (position !== undefined) position.seq = message.seq
          handlers.onEvent(message)
          break
        case 'ping':
          send({ type: 'pong' })
          break
        case 'drain':
        case 'error':
          break
      }
    })

    socket.addEventListener('close', ({ code }) => {
      clearTimeout(silenceTimer)
      clearTimeout(refreshTimer)
      // Codes from 4500 on say that the same attempt would fail again.
      if (code >= 4500 && code <= 4999) handlers.onState('ended')
      else reconnect(code === 4000 ? 0 : undefined)
    })
  }

  function scheduleRefresh(token: string, send: (message: ClientMessage) => void): void {
    const delayMs = expiresAtMs(token) - Date.now() - REFRESH_BEFORE_EXPIRY_MS
    refreshTimer = setTimeout(
      () => {
        void refresh(send)
      },
      Math.max(delayMs, 1_000),
    )
  }

  async function refresh(send: (message: ClientMessage) => void): Promise<void> {
    try {
      const { token } = await getCredentials()
      send({ type: 'refresh', token })
      scheduleRefresh(token, send)
    } catch {
      // The server closes the connection when the token is too old, and reconnecting begins with a new one.
    }
  }

  handlers.onState('connecting')
  void connect()
}

function expiresAtMs(token: string): number {
  const payload = token.split('.')[1]!.replaceAll('-', '+').replaceAll('_', '/')
  return (JSON.parse(atob(payload)) as { exp: number }).exp * 1000
}
