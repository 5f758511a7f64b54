import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { sendTogether } from '../../load/send-together.ts'
import type { Publisher } from './variant.ts'

/** Publishes over one connection, without reading the responses. Messages of one turn of the event loop are sent together. */
export async function connectRawPublisher(
  { hostname, port }: { readonly hostname: string; readonly port: string | number },
  write: (socket: Socket, channel: string, message: string | Buffer) => void,
): Promise<Publisher> {
  const socket = connect({ port: Number(port), host: hostname, noDelay: true })
  await once(socket, 'connect')
  socket.resume()
  const beforeWrite = sendTogether(socket)
  return {
    publish(channel, message) {
      beforeWrite()
      write(socket, channel, message)
    },
    close: () => socket.destroy(),
  }
}
