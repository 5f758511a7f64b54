import { setTimeout as sleep } from 'node:timers/promises'
import { userIdOf, type FanOutVariant, type Publisher } from './variants/variant.ts'
import { FAN_OUT_VARIANTS } from './variants/index.ts'
import { summarize } from '../load/latencies.ts'
import { mintToken } from '../load/mint-token.ts'
import { connectRawRedis } from './raw-redis.ts'
import { openRawWebSocket, type RawWebSocket } from '../load/raw-web-socket.ts'
import type { Connected, Published, WsLoadCommand } from './ws-load.ts'

type ConnectCommand = Extract<WsLoadCommand, { kind: 'connect' }>
type PublishCommand = Extract<WsLoadCommand, { kind: 'publish' }>
type PublishUnheardCommand = Extract<WsLoadCommand, { kind: 'publish-unheard' }>

interface Client {
  socket: RawWebSocket | undefined
  readonly userId: string
  /** The seq of the last event published for it. */
  seq: number
  /** When its in-flight events were due; they arrive in this order. */
  readonly dueAt: number[]
}

const LAST_MESSAGE_BYTES_MAX = 200
const ATTEMPTS_MAX = 5
const RETRY_DELAY_MS_MAX = 1_000
const CLIENTS_PER_ADDRESS = 20_000

let clients: Client[] = []
/** The port of the server to which they are connected. */
let serverPort = 0
let received: (client: Client) => void = () => undefined
/** How many clients the server has disconnected. */
let lost = 0
/** How often the server rejected a client before it was live. */
let retries = 0

process.on('message', (command: WsLoadCommand) => {
  perform(command).then(
    (result) => process.send!(result),
    (error: unknown) => process.send!({ error: String(error) }),
  )
})

async function perform(command: WsLoadCommand): Promise<object> {
  switch (command.kind) {
    case 'connect':
      return connectAll(command)
    case 'publish':
      return publish(command)
    case 'publish-unheard':
      return publishUnheard(command)
    case 'disconnect':
      for (const { socket } of clients) socket?.socket.destroy()
      clients = []
      return {}
  }
}

async function connectAll({
  variant: name,
  port,
  count,
  firstUser = 0,
  jwtSecret,
  resume,
  eventsFirst = 0,
  atOnceMax = count,
  firstAddress = 1,
  clientsPerAddress = CLIENTS_PER_ADDRESS,
}: ConnectCommand): Promise<Connected> {
  const variant = FAN_OUT_VARIANTS.get(name)!
  lost = 0
  retries = 0
  serverPort = port
  clients = Array.from({ length: count }, (_, index) => ({
    socket: undefined,
    userId: userIdOf(firstUser + index),
    seq: 0,
    dueAt: [],
  }))
  const hellos = clients.map(({ userId }) => variant.hello(mintToken(userId, jwtSecret), resume))
  const cpuBefore = process.cpuUsage()
  const startedAt = performance.now()
  const waiting = clients.entries()
  const connectNext = async (): Promise<void> => {
    for (const [index, client] of waiting) {
      await connectOne(
        client,
        variant,
        port,
        hellos[index]!,
        eventsFirst,
        localAddressOf(firstAddress + Math.floor(index / clientsPerAddress)),
      )
    }
  }
  await Promise.all(Array.from({ length: Math.min(atOnceMax, count) }, connectNext))
  return { elapsedMs: performance.now() - startedAt, cpuSeconds: cpuSecondsSince(cpuBefore), retries }
}

/** An address has about 28,000 ports for connections to one port, and the more are in use, the longer the kernel searches. */
function localAddressOf(address: number): string | undefined {
  return address === 1 ? undefined : `127.0.0.${address}`
}

/** Retries when the server rejects it, as a browser does. */
async function connectOne(...how: Parameters<typeof tryToConnect>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await tryToConnect(...how)
    } catch (error) {
      if (attempt === ATTEMPTS_MAX) throw error
      retries += 1
      await sleep(Math.random() * RETRY_DELAY_MS_MAX)
    }
  }
}

async function tryToConnect(
  client: Client,
  variant: FanOutVariant,
  port: number,
  hello: string,
  eventsFirst: number,
  localAddress: string | undefined,
): Promise<void> {
  const live = Promise.withResolvers<void>()
  // One that is closed before it is open has rejected this already.
  live.promise.catch(() => undefined)
  let isLive = false
  let lastMessage = 'none'
  let eventsMissing = eventsFirst
  const listener = {
    onFrame(payload: Buffer): void {
      for (const message of variant.split?.(payload) ?? [payload]) this.onMessage(message)
    },
    onMessage(payload: Buffer): void {
      const kind = variant.classify(payload)
      if (kind === 'ping') socket.send(variant.pong)
      if (kind === 'live' && eventsMissing === 0) live.resolve()
      if (kind === 'other') lastMessage = payload.toString('utf8', 0, LAST_MESSAGE_BYTES_MAX)
      if (kind !== 'event') return
      if (eventsMissing === 0) return received(client)
      eventsMissing -= 1
      if (eventsMissing === 0) live.resolve()
    },
    onClose(code?: number): void {
      if (isLive) lost += 1
      live.reject(new Error(`the server disconnected a client (${code}); its last message: ${lastMessage}`))
    },
  }
  const path = variant.path + (variant.isUserInPath === true ? client.userId : '')
  const socket = await (variant.open ?? openRawWebSocket)(port, path, listener, localAddress)
  client.socket = socket
  if (hello === '') live.resolve()
  else socket.send(hello)
  await live.promise
  isLive = true
}

const TICK_MS = 1
/** How long to wait for events after the last one was published. */
const ARRIVAL_TIMEOUT_MS = 60_000
/** Within this time a server has handled what was published and reaches no client. */
const UNHEARD_WAIT_MS = 500

async function publish({
  variant: name,
  redisUrl,
  durationMs,
  ratePerSecond,
  inFlightMax,
}: PublishCommand): Promise<Published> {
  const variant = FAN_OUT_VARIANTS.get(name)!
  const publisher = await connectPublisher(variant, redisUrl)
  const times: number[] = []
  let sent = 0
  let isOver = false
  const send = (dueAt: number): void => {
    const client = clients[sent % clients.length]!
    sent += 1
    client.seq += 1
    client.dueAt.push(dueAt)
    const { channel, message } = variant.toMessage(client.userId, client.seq)
    publisher.publish(channel, message)
  }
  received = (client) => {
    const now = performance.now()
    times.push(now - client.dueAt.shift()!)
    if (ratePerSecond === undefined && !isOver) send(now)
  }
  const cpuBefore = process.cpuUsage()
  const startedAt = performance.now()
  if (ratePerSecond === undefined) {
    for (let count = 0; count < inFlightMax; count += 1) send(performance.now())
    await sleep(durationMs)
  } else {
    await atRate(ratePerSecond, durationMs, send)
  }
  isOver = true
  const receivedInTime = times.length
  const elapsedMs = performance.now() - startedAt
  for (let waitedMs = 0; times.length < sent && waitedMs < ARRIVAL_TIMEOUT_MS; waitedMs += 10) await sleep(10)
  publisher.close()
  if (lost > 0) throw new Error(`the server disconnected ${lost} clients`)
  return {
    sent,
    received: times.length,
    perSecond: (receivedInTime / elapsedMs) * 1000,
    cpuSeconds: cpuSecondsSince(cpuBefore),
    ...summarize(times),
  }
}

/** The cost of publishing alone, for a server that publishes and delivers. */
async function publishUnheard({
  variant: name,
  redisUrl,
  durationMs,
  ratePerSecond,
}: PublishUnheardCommand): Promise<{ sent: number }> {
  const variant = FAN_OUT_VARIANTS.get(name)!
  const publisher = await connectPublisher(variant, redisUrl)
  let sent = 0
  await atRate(ratePerSecond, durationMs, () => {
    sent += 1
    const { channel, message } = variant.toMessage(`unheard-${sent % clients.length}`, sent)
    publisher.publish(channel, message)
  })
  await sleep(UNHEARD_WAIT_MS)
  publisher.close()
  return { sent }
}

const connectPublisher = async (variant: FanOutVariant, redisUrl: string): Promise<Publisher> =>
  (await variant.connectPublisher?.(serverPort, redisUrl)) ?? connectRawRedis(redisUrl)

/** Calls `send` with the time at which each event was due. */
async function atRate(ratePerSecond: number, durationMs: number, send: (dueAt: number) => void): Promise<void> {
  const startedAt = performance.now()
  const intervalMs = 1000 / ratePerSecond
  for (let dueAt = startedAt; dueAt < startedAt + durationMs; await sleep(TICK_MS)) {
    for (const now = performance.now(); dueAt <= now && dueAt < startedAt + durationMs; dueAt += intervalMs) send(dueAt)
  }
}

function cpuSecondsSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1e6
}
