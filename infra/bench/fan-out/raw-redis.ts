import { connect, type Socket } from 'node:net'
import { once } from 'node:events'
import { sendTogether } from '../load/send-together.ts'
import type { Publisher } from './variants/variant.ts'

/** Publishes to Redis. Messages of one turn of the event loop are sent together. */
export async function connectRawRedis(url: string): Promise<Publisher> {
  const { port, hostname } = new URL(url)
  const socket: Socket = connect({ port: Number(port), host: hostname, noDelay: true })
  await once(socket, 'connect')
  socket.resume()
  const beforeWrite = sendTogether(socket)
  return {
    publish(channel, message) {
      beforeWrite()
      const head = `*3\r\n$7\r\nPUBLISH\r\n$${Buffer.byteLength(channel)}\r\n${channel}\r\n$${Buffer.byteLength(message)}\r\n`
      if (typeof message === 'string') return void socket.write(`${head}${message}\r\n`)
      socket.write(head)
      socket.write(message)
      socket.write('\r\n')
    },
    close: () => socket.destroy(),
  }
}
