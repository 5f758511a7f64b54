import type { Position } from '@paxyo/contracts'
import { mintToken } from '@paxyo/testkit'
import { setTimeout as sleep } from 'node:timers/promises'
import { WebSocket, type ClientOptions } from 'ws'

/** A browser that never gives up, and that notes exactly what an application would have been given. */
export interface Follower {
  readonly userId: string
  /** The seq at which it began. */
  readonly firstSeq: number
  /** Events in the order in which they came, as seq and bytes. */
  readonly received: readonly { readonly seq: number; readonly bytes: string }[]
  readonly lastSeq: number
  /** How often it connected; and how often it got a snapshot after its first. */
  readonly connects: number
  readonly snapshots: number
  stop(): void
}

const RETRY_DELAY_MS_MAX = 400

/** With what it gets in where it is not a test's usual secret that tokens are signed with. */
export interface FollowerAccess {
  readonly secret?: string
  readonly socketOptions?: ClientOptions
}

/** @param gateways gives the addresses of gateways that should be alive. */
export function follow(
  userId: string,
  gateways: () => string,
  retryDelay: () => number,
  { secret, socketOptions }: FollowerAccess = {},
): Follower {
  let position: Position | undefined
  let socket: WebSocket | undefined
  let isStopped = false
  const follower = {
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
        follower.connects += 1
        if (position === undefined) follower.firstSeq = message.seq
        else if (message.mode === 'snapshot') follower.snapshots += 1
        position = { epoch: message.epoch, seq: message.seq }
      }
      if (message.type === 'event') {
        follower.received.push({ seq: message.seq, bytes })
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
  return follower
}
