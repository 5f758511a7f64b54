import type { Position } from '@paxyo/contracts'
import { mintToken } from '@paxyo/testkit'
import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocket, type ClientOptions } from 'ws'

/** A browser that reconnects forever and records the events that an application would receive. */
export interface WatchingClient {
  readonly userId: string
  /** The seq of its first position. */
  readonly firstSeq: number
  /** Events in the order of their arrival, as seq and bytes. */
  readonly received: readonly { readonly seq: number; readonly bytes: string }[]
  readonly lastSeq: number
  /** How often it connected, and how many snapshots it received after its first one. */
  readonly connects: number
  readonly snapshots: number
  stop(): void
}

const RETRY_DELAY_MS_MAX = 400

/** Access to a gateway that does not use the tests' default secret and TLS settings. */
export interface WatchingClientAccess {
  readonly secret?: string
  readonly socketOptions?: ClientOptions
}

/** @param gateways returns the address of a gateway that should be alive. */
export function startWatchingClient(
  userId: string,
  gateways: () => string,
  retryDelay: () => number,
  { secret, socketOptions }: WatchingClientAccess = {},
): WatchingClient {
  let position: Position | undefined
  let socket: WebSocket | undefined
  let isStopped = false
  const client = {
    userId,
    firstSeq: -1,
    received: [] as { seq: number; bytes: string }[],
    connects: 0,
    snapshots: 0,
    get lastSeq() {
      return position?.seq ?? 0
    },
    stop() {
      isStopped = true
      socket?.terminate()
    },
  }

  async function connect(): Promise<void> {
    const token = await mintToken(userId, { expiresInS: 3600, ...(secret !== undefined && { secret }) })
    const current = new WebSocket(`${gateways().replace(/^http/, 'ws')}/ws`, socketOptions)
    socket = current
    let deadline = setTimeout(() => current.terminate(), 15_000)
    current.on('open', () =>
      current.send(JSON.stringify({ type: 'hello', token, ...(position && { resume: position }) })),
    )
    current.on('message', (data: Buffer) => {
      clearTimeout(deadline)
      deadline = setTimeout(() => current.terminate(), 60_000)
      const bytes = data.toString()
      const message = JSON.parse(bytes) as { type: string; seq: number; epoch: string; mode: string }
      if (message.type === 'ping') current.send('{"type":"pong"}')
      if (message.type === 'welcome') {
        client.connects += 1
        if (position === undefined) client.firstSeq = message.seq
        else if (message.mode === 'snapshot') client.snapshots += 1
        position = { epoch: message.epoch, seq: message.seq }
      }
      if (message.type === 'event') {
        client.received.push({ seq: message.seq, bytes })
        position = { epoch: position!.epoch, seq: message.seq }
      }
    })
    current.on('error', () => undefined)
    current.on('close', () => {
      clearTimeout(deadline)
      if (!isStopped) void sleep(retryDelay() * RETRY_DELAY_MS_MAX).then(() => (isStopped ? undefined : connect()))
    })
  }

  void connect()
  return client
}
