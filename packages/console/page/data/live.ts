import { signal } from '@preact/signals'
import type { OperationsBatch, OperatorServerMessage } from '@paxyo/contracts'
import { send } from './api.ts'

/** `live`: the page shows changes within a second. `off`: it does not, and reconnects by itself. */
export type LiveState = 'connecting' | 'live' | 'off'

/** What has changed. `everything` when messages may have been missed, so that a page reads again what it shows. */
export type Change =
  | { readonly type: 'everything' }
  | OperationsBatch
  | Extract<OperatorServerMessage, { type: 'endpoint' | 'connections' | 'sampled' }>

export const liveState = signal<LiveState>('connecting')
/** The newest numbers of connected users; undefined until the gateway has sent them. */
export const online = signal<Extract<OperatorServerMessage, { type: 'connections' }> | undefined>(undefined)

const listeners = new Set<(change: Change) => void>()

export function onChange(listener: (change: Change) => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** For changes that this page has made itself. */
export const announce = (change: Change): void => listeners.forEach((listener) => listener(change))

const RETRY_MS_MIN = 500
const RETRY_MS_MAX = 15_000
/** Close codes from here on end the session: the page does not reconnect. */
const FINAL_CODES = 4500
/** A gateway pings; after so many intervals without any message the connection is dead. */
const SILENT_PINGS_MAX = 2

export interface Ticket {
  readonly url: string
  readonly ticket: string
}

/** A gateway on the page's own host has a path only. */
export function socketUrl(url: string, page: string): URL {
  const absolute = new URL(url, page)
  absolute.protocol = absolute.protocol.replace(/^http/, 'ws')
  return absolute
}

/** @returns a function that closes the connection. */
export function startLive(onEnded: () => void): () => void {
  let socket: WebSocket | undefined
  let isClosed = false
  let failures = 0
  /** Undefined while a connection is open, or is being opened. */
  let retry: ReturnType<typeof setTimeout> | undefined
  let silence: ReturnType<typeof setTimeout> | undefined
  let silenceMs = 60_000

  const expectMessages = (): void => {
    clearTimeout(silence)
    silence = setTimeout(abandon, silenceMs)
  }

  /** A browser may wait for another minute before it reports that a dead connection is closed. */
  function abandon(): void {
    const dead = socket
    socket = undefined
    dead?.close()
    reconnectLater()
  }

  function reconnectLater(): void {
    if (isClosed) return
    liveState.value = 'off'
    const delayMs = Math.min(RETRY_MS_MAX, RETRY_MS_MIN * 2 ** failures) * (0.5 + Math.random() / 2)
    failures += 1
    retry = setTimeout(() => void connect(), delayMs)
  }

  function receive(message: OperatorServerMessage): void {
    if (message.type === 'welcome') silenceMs = message.pingIntervalMs * SILENT_PINGS_MAX
    expectMessages()
    if (message.type === 'welcome') {
      failures = 0
      liveState.value = 'live'
      // Also the first time: a page has read what it shows before.
      announce({ type: 'everything' })
    } else if (message.type === 'connections') {
      online.value = message
      announce(message)
    } else if (message.type === 'batch' || message.type === 'endpoint' || message.type === 'sampled') {
      announce(message)
    }
  }

  async function connect(): Promise<void> {
    retry = undefined
    let ticket: Ticket
    try {
      ticket = await send<Ticket>('POST', '/console/api/ticket')
    } catch {
      return reconnectLater()
    }
    if (isClosed) return
    const opened = new WebSocket(socketUrl(ticket.url, location.href))
    socket = opened
    opened.addEventListener('open', () => opened.send(JSON.stringify({ type: 'hello', ticket: ticket.ticket })))
    opened.addEventListener('message', ({ data }) => {
      if (socket === opened) receive(JSON.parse(data as string) as OperatorServerMessage)
    })
    opened.addEventListener('close', ({ code }) => {
      if (socket !== opened) return
      clearTimeout(silence)
      if (code >= FINAL_CODES && code < 5000) onEnded()
      else reconnectLater()
    })
  }

  const wake = (): void => {
    if (retry === undefined || document.visibilityState === 'hidden') return
    clearTimeout(retry)
    liveState.value = 'connecting'
    void connect()
  }
  addEventListener('online', wake)
  document.addEventListener('visibilitychange', wake)
  liveState.value = 'connecting'
  void connect()

  return () => {
    isClosed = true
    clearTimeout(retry)
    clearTimeout(silence)
    removeEventListener('online', wake)
    document.removeEventListener('visibilitychange', wake)
    socket?.close()
  }
}
