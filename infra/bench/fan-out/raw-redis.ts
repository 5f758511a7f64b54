import { connectRawPublisher } from './variants/raw-publisher.ts'
import type { Publisher } from './variants/variant.ts'

/** Publishes to Redis. */
export const connectRawRedis = (url: string): Promise<Publisher> =>
  connectRawPublisher(new URL(url), (socket, channel, message) => {
    const head = `*3\r\n$7\r\nPUBLISH\r\n$${Buffer.byteLength(channel)}\r\n${channel}\r\n$${Buffer.byteLength(message)}\r\n`
    if (typeof message === 'string') return void socket.write(`${head}${message}\r\n`)
    socket.write(head)
    socket.write(message)
    socket.write('\r\n')
  })
