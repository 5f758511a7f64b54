import { expect, test } from '@jest/globals'
import { createTestDatabase } from '@paxyo/testkit'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server } from 'node:net'
import { findPrimary } from '../../src/servers/find-primary.ts'
import { toServer } from '../../src/servers/server-session.ts'

async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

test('a server that is promoted while another one hangs is found before that one’s time is over', async () => {
  await using database = await createTestDatabase()
  const { host } = new URL(database.url)
  const name = `"${database.name}"`
  await database.owner.query(`ALTER DATABASE ${name} SET default_transaction_read_only = on`)

  // Like a paused process, whose connections the kernel accepts.
  await using hanging = createServer()
  const firstResponse = Promise.withResolvers<void>()
  await using forwarding = createServer((socket) => {
    const [, port] = host.split(':')
    socket.pipe(connect(Number(port), '127.0.0.1').once('close', () => firstResponse.resolve())).pipe(socket)
    socket.on('error', () => undefined)
  })
  const urls = await Promise.all(
    [hanging, forwarding].map(async (server) => database.url.replace(host, await listen(server))),
  )
  const sockets: { destroy(): void }[] = []
  for (const server of [hanging, forwarding]) server.on('connection', (socket) => sockets.push(socket))

  const finding = findPrimary(urls.map(toServer), 0)
  finding.catch(() => undefined)
  await firstResponse.promise
  await database.owner.query(
    `SET default_transaction_read_only = off; ALTER DATABASE ${name} RESET default_transaction_read_only`,
  )
  await expect(finding).resolves.toMatchObject({ server: { url: urls[1] } })
  for (const socket of sockets) socket.destroy()
})
