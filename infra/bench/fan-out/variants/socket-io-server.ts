import { createAdapter } from '@socket.io/redis-adapter'
import { Redis } from 'ioredis'
import { jwtVerify } from 'jose'
import { createServer } from 'node:http'
import { Server, type Socket } from 'socket.io'

// Each user has a room; any process with write access to Redis can emit to it.

const secret = new TextEncoder().encode(process.env['JWT_SECRETS'])
const publisher = new Redis(process.env['REDIS_URL']!)
const server = createServer((_request, response) => response.end('ok'))
const io = new Server(server, {
  adapter: createAdapter(publisher, publisher.duplicate()),
  transports: ['websocket'],
  perMessageDeflate: false,
  maxHttpBufferSize: 16_384,
  serveClient: false,
})
const middleware = async (socket: Socket, next: (error?: Error) => void): Promise<void> => next(await admit(socket))
io.use((socket, next) => void middleware(socket, next))

/** Joins the user's room before the server reports the connection to the client. */
async function admit(socket: Socket): Promise<Error | undefined> {
  try {
    const options = { audience: 'paxyo', algorithms: ['HS256'] }
    const { payload } = await jwtVerify(String(socket.handshake.auth['token']), secret, options)
    await socket.join(payload.sub!)
    return undefined
  } catch (error) {
    return error as Error
  }
}

// The server also responds to /livez, which the benchmark polls until it has started; Socket.IO uses its own path.
server.listen({ port: Number(process.env['PORT']), host: '127.0.0.1', backlog: 4096 })
