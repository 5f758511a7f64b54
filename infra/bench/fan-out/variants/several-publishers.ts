import type { Publisher } from './variant.ts'

/** For servers that handle the requests of one connection one after the other. */
const CONNECTIONS = 8

/** Publishes over several connections. The messages of a channel use the same one, so that they stay in order. */
export async function connectSeveral(connectOne: () => Promise<Publisher>): Promise<Publisher> {
  const connections = await Promise.all(Array.from({ length: CONNECTIONS }, connectOne))
  const byChannel = new Map<string, Publisher>()
  return {
    publish(channel, message) {
      let connection = byChannel.get(channel)
      if (connection === undefined) {
        connection = connections[byChannel.size % CONNECTIONS]!
        byChannel.set(channel, connection)
      }
      connection.publish(channel, message)
    },
    close() {
      for (const connection of connections) connection.close()
    },
  }
}
