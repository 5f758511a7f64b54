import { Redis } from 'ioredis'
import { jwtVerify } from 'jose'
import { createServer } from 'node:http'
import { WebSocketServer, type WebSocket } from 'ws'

// Authenticates, subscribes, forwards. It has no ordering, no backfill, no snapshot, and no limit except the size of a frame.

const PING_INTERVAL_MS = 25_000
const PREFIX = 'plain-ws:'
const secret = new TextEncoder().encode(process.env['JWT_SECRETS'])
const redis = new Redis(process.env['REDIS_URL']!)
const socketsByChannel = new Map<string, Set<WebSocket>>()
redis.on('messageBuffer', (channel: Buffer, payload: Buffer) => {
  for (const socket of socketsByChannel.get(channel.toString()) ?? []) socket.send(payload, { binary: false })
})

async function welcome(socket: WebSocket, hello: Buffer): Promise<void> {
  const { token } = JSON.parse(hello.toString()) as { token: string }
  const { payload } = await jwtVerify(token, secret, { audience: 'paxyo', algorithms: ['HS256'] })
  const channel = PREFIX + payload.sub!
  const sockets = socketsByChannel.get(channel)
  if (sockets === undefined) {
    socketsByChannel.set(channel, new Set([socket]))
    await redis.subscribe(channel)
  } else sockets.add(socket)
  socket.once('close', () => {
    const left = socketsByChannel.get(channel)
    left?.delete(socket)
    if (left?.size !== 0) return
    socketsByChannel.delete(channel)
    void redis.unsubscribe(channel)
  })
  socket.send('{"type":"welcome"}')
}

const server = createServer((_request, response) => response.end('ok'))
const sockets = new WebSocketServer({ server, path: '/ws', perMessageDeflate: false, maxPayload: 16_384 })
sockets.on('connection', (socket) => {
  socket.once('message', (data) => {
    welcome(socket, data as Buffer).catch(() => socket.close())
  })
})
setInterval(() => {
  for (const socket of sockets.clients) socket.send('{"type":"ping"}')
}, PING_INTERVAL_MS)
server.listen({ port: Number(process.env['PORT']), host: '127.0.0.1', backlog: 4096 })
