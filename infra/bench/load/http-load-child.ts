import { connect, type Socket } from 'node:net'
import type { HttpLoadCommand, HttpLoadResult } from './http-load.ts'
import { summarize } from './latencies.ts'
import { webhookBodies, type WebhookBody } from './webhook-bodies.ts'

// Plain sockets instead of node:http: a request is one string, and only the status and the length of a response are
// read. A webhook costs the generator a quarter of the CPU of the leanest service here.

process.on('message', (command: HttpLoadCommand) => {
  run(command).then(
    (result) => process.send!(result),
    (error: unknown) => process.send!({ error: String(error) }),
  )
})

interface Connection {
  readonly socket: Socket
  /** When its webhook was due, in milliseconds; undefined while it waits for work. */
  dueAt: number | undefined
  isCancel: boolean
  /** The part of a response that has arrived. */
  partial: string
}

const DRAIN_TIMEOUT_MS = 10_000
const TICK_MS = 1

async function run(command: HttpLoadCommand): Promise<HttpLoadResult> {
  const nextBody = webhookBodies(command.orders, command.canceledBefore)
  const head =
    `POST ${command.path} HTTP/1.1\r\nhost: 127.0.0.1:${command.port}\r\n` +
    'content-type: application/json\r\ncontent-length: '
  const times: number[] = []
  let failed = 0
  let canceled = 0
  let isOver = false
  const idle: Connection[] = []
  /** Due times of webhooks for which no connection was free. */
  const overdue: number[] = []
  const finished = Promise.withResolvers<void>()
  let busy = 0
  let sent = 0
  const { request } = command
  const next = (): WebhookBody => {
    if (request !== undefined)
      return { text: request.replaceAll('{n}', String(sent).padStart(9, '0')), isCancel: false }
    const { text, isCancel } = nextBody()
    return { text: `${head}${text.length}\r\n\r\n${text}`, isCancel }
  }

  const send = (connection: Connection, dueAt: number): void => {
    const { text, isCancel } = next()
    sent += 1
    if (connection.dueAt === undefined) busy += 1
    connection.dueAt = dueAt
    connection.isCancel = isCancel
    connection.socket.write(text, 'latin1')
  }
  const onResponse = (connection: Connection, isOk: boolean): void => {
    const now = performance.now()
    times.push(now - connection.dueAt!)
    if (!isOk) failed += 1
    else if (connection.isCancel) canceled += 1
    if (command.ratePerSecond === undefined && !isOver) return send(connection, now)
    const dueAt = overdue.shift()
    if (dueAt !== undefined) return send(connection, dueAt)
    connection.dueAt = undefined
    busy -= 1
    idle.push(connection)
    if (isOver && busy === 0) finished.resolve()
  }
  const buffer = Buffer.allocUnsafe(65_536)
  const open = (): Promise<Connection> =>
    new Promise((resolve, reject) => {
      const onread = {
        buffer,
        callback(count: number): boolean {
          connection.partial += buffer.toString('latin1', 0, count)
          const end = responseEnd(connection.partial)
          if (end === -1) return true
          const isOk = connection.partial.startsWith('20', 9)
          connection.partial = connection.partial.slice(end)
          onResponse(connection, isOk)
          return true
        },
      }
      const socket = connect({ port: command.port, host: '127.0.0.1', noDelay: true, onread }, () =>
        resolve(connection),
      )
      const connection: Connection = { socket, dueAt: undefined, isCancel: false, partial: '' }
      socket.once('error', reject)
      socket.once('close', () => {
        if (connection.dueAt !== undefined)
          finished.reject(new Error('the service closed a connection before its response'))
      })
    })

  const connections = await Promise.all(Array.from({ length: command.connections }, open))
  const cpuBefore = process.cpuUsage()
  const startedAt = performance.now()
  if (command.ratePerSecond === undefined) {
    for (const connection of connections) send(connection, startedAt)
    setTimeout(() => (isOver = true), command.durationMs)
  } else {
    idle.push(...connections)
    const intervalMs = 1000 / command.ratePerSecond
    let dueAt = startedAt
    const timer = setInterval(() => {
      const now = performance.now()
      for (; dueAt <= now && dueAt < startedAt + command.durationMs; dueAt += intervalMs) {
        const connection = idle.shift()
        // Its time counts from when it was due, so that the figures show how many webhooks a stalled service delays.
        if (connection === undefined) overdue.push(dueAt)
        else send(connection, dueAt)
      }
      if (now < startedAt + command.durationMs) return
      clearInterval(timer)
      isOver = true
      if (busy === 0) finished.resolve()
    }, TICK_MS)
  }
  const tooLate = setTimeout(
    () => finished.reject(new Error('responses did not arrive in time')),
    command.durationMs + DRAIN_TIMEOUT_MS,
  )
  await finished.promise
  clearTimeout(tooLate)
  const elapsedMs = performance.now() - startedAt
  const { user, system } = process.cpuUsage(cpuBefore)
  for (const { socket } of connections) socket.destroy()
  return {
    responses: times.length,
    perSecond: (times.length / elapsedMs) * 1000,
    failed,
    canceled,
    cpuSeconds: (user + system) / 1e6,
    ...summarize(times),
  }
}

/** The index of the end of a response in the text, or -1 while it is incomplete. */
function responseEnd(text: string): number {
  const headEnd = text.indexOf('\r\n\r\n')
  if (headEnd === -1) return -1
  const at = text.indexOf('ontent-length: ')
  const end = headEnd + 4 + (at === -1 || at > headEnd ? 0 : parseInt(text.slice(at + 15, at + 23), 10))
  return text.length >= end ? end : -1
}
