import { connect, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { userIdOf } from '../fan-out/variants/variant.ts'
import { FAN_OUT_VARIANTS } from '../fan-out/variants/index.ts'
import { summarize } from '../load/latencies.ts'
import { median } from '../report/statistics.ts'
import { mintToken } from '../load/mint-token.ts'
import { openRawWebSocket } from '../load/raw-web-socket.ts'
import type { EndToEndCommand, EndToEndResult } from './end-to-end.ts'

// The provider and all browsers in one process: one clock for both ends.

const HTTP_CONNECTIONS = 256
const TICK_MS = 1
const ARRIVAL_TIMEOUT_MS = 60_000

/** When each client's in-flight webhooks were due; their events arrive in this order. */
let dueAt: number[][] | undefined
let times: number[] = []
/** Events that were not the next one of their user. */
let misordered = 0
/** How long each client was `delayed`, in milliseconds. */
let delays: number[] = []
let remains = 0
let turn = 0

process.on('message', (command: EndToEndCommand) => {
  run(command).then(
    (result) => process.send!(result),
    (error: unknown) => process.send!({ error: String(error) }),
  )
})

async function run(command: EndToEndCommand): Promise<EndToEndResult> {
  if (dueAt === undefined) await connectClients(command)
  const post = await openPosts(command)
  const due = dueAt!
  times = []
  delays = []
  misordered = 0
  let sent = 0
  const cpuBefore = process.cpuUsage()
  const startedAt = performance.now()
  const intervalMs = 1000 / command.ratePerSecond
  for (let at = startedAt; at < startedAt + command.durationMs; await sleep(TICK_MS)) {
    for (const now = performance.now(); at <= now && at < startedAt + command.durationMs; at += intervalMs) {
      const index = turn % command.clients
      turn += 1
      // A new number in each round, so that each webhook is a change and causes an event.
      if (index === 0) remains += 1
      due[userOf(index + 1, command.clients)]!.push(at)
      post.send(`{"order_id":"${index + 1}","status":"in_progress","remains":${remains}}`)
      sent += 1
    }
  }
  for (let waitedMs = 0; times.length < sent && waitedMs < ARRIVAL_TIMEOUT_MS; waitedMs += 10) await sleep(10)
  const arrived = times.length
  for (const waiting of due) waiting.length = 0
  post.close()
  const { user, system } = process.cpuUsage(cpuBefore)
  const delayed = {
    times: delays.length,
    longestMs: Math.max(0, ...delays),
    medianMs: delays.length === 0 ? 0 : median(delays),
  }
  return { sent, arrived, misordered, delayed, cpuSeconds: (user + system) / 1e6, ...summarize(times) }
}

const statusOf = (payload: Buffer): string => (JSON.parse(payload.toString()) as { type: string }).type

const SEQ_AT = '{"type":"event","seq":'.length

/** The seq of an event that is not the first of its user. A baseline's has none. */
const seqOf = (payload: Buffer): number => Number.parseInt(payload.toString('latin1', SEQ_AT, SEQ_AT + 16), 10) || 0

/** The index of the user to whom the seed assigned the order. */
const userOf = (orderId: number, users: number): number => orderId % users

async function connectClients({ variant: name, gatewayPort, jwtSecret, clients }: EndToEndCommand): Promise<void> {
  const variant = FAN_OUT_VARIANTS.get(name)!
  const queues = Array.from({ length: clients }, (): number[] => [])
  await Promise.all(
    queues.map(async (queue, index) => {
      const live = Promise.withResolvers<void>()
      let lastSeq = 0
      let delayedAt: number | undefined
      const socket = await openRawWebSocket(gatewayPort, variant.path, {
        onFrame(payload) {
          const kind = variant.classify(payload)
          if (kind === 'ping') socket.send(variant.pong)
          if (kind === 'live') live.resolve()
          if (kind === 'other') {
            const status = statusOf(payload)
            if (status === 'delayed') delayedAt = performance.now()
            if (status === 'live' && delayedAt !== undefined) delays.push(performance.now() - delayedAt)
          }
          if (kind !== 'event') return
          const seq = seqOf(payload)
          if (lastSeq > 0 && seq !== lastSeq + 1) misordered += 1
          lastSeq = seq
          const at = queue.shift()
          if (at !== undefined) times.push(performance.now() - at)
        },
        onClose: () => live.reject(new Error('the server closed a client')),
      })
      socket.send(variant.hello(mintToken(userIdOf(index), jwtSecret)))
      await live.promise
    }),
  )
  dueAt = queues
}

/**
 * Keeps connections open: without a free one a webhook waits, and its time counts from when it was due. The server ends a
 * connection that is not used; another one takes its place.
 */
async function openPosts({ ingestPort, token }: EndToEndCommand): Promise<{ send(body: string): void; close(): void }> {
  const head =
    `POST /webhooks/godofpanel/${token} HTTP/1.1\r\nhost: 127.0.0.1:${ingestPort}\r\n` +
    'content-type: application/json\r\ncontent-length: '
  const open = new Set<Socket>()
  const idle = new Set<Socket>()
  const waiting: string[] = []
  let isClosed = false
  const write = (socket: Socket, body: string): void => void socket.write(`${head}${body.length}\r\n\r\n${body}`)
  const next = (socket: Socket): void => {
    const body = waiting.shift()
    if (body === undefined) idle.add(socket)
    else write(socket, body)
  }
  const connectOne = (): Promise<void> =>
    new Promise((resolve, reject) => {
      const socket = connect({ port: ingestPort, host: '127.0.0.1', noDelay: true }, () => {
        open.add(socket)
        next(socket)
        resolve()
      })
      socket.once('error', reject)
      // Responses are short enough to arrive in one piece.
      socket.on('data', () => {
        if (!idle.has(socket)) next(socket)
      })
      socket.once('close', () => {
        open.delete(socket)
        idle.delete(socket)
        if (!isClosed) connectOne().catch(() => undefined)
      })
    })
  await Promise.all(Array.from({ length: HTTP_CONNECTIONS }, connectOne))
  return {
    send(body) {
      const [socket] = idle
      if (socket === undefined) return void waiting.push(body)
      // The one that was not used for the longest time.
      idle.delete(socket)
      write(socket, body)
    },
    close() {
      isClosed = true
      for (const socket of open) socket.destroy()
    },
  }
}
