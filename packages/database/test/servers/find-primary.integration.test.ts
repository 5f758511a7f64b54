import { expect, test } from '@jest/globals'
import { createTestDatabase } from '@paxyo/testkit'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { promisify } from 'node:util'
import { findPrimary } from '../../src/servers/find-primary.ts'
import { toServer } from '../../src/servers/server-session.ts'

const execute = promisify(execFile)

async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

test('a server that is promoted while another one hangs is found before that one’s time is over', async () => {
  await using database = await createTestDatabase()
  const { host, hostname, port } = new URL(database.url)
  const name = `"${database.name}"`
  await database.owner.query(`ALTER DATABASE ${name} SET default_transaction_read_only = on`)

  // Like a paused process, whose connections the kernel accepts.
  await using hanging = createServer()
  const firstResponse = Promise.withResolvers<void>()
  await using forwarding = createServer((socket) => {
    socket.pipe(connect(Number(port), hostname).once('close', () => firstResponse.resolve())).pipe(socket)
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

test('a process that waits for nothing else does not end during a search', async () => {
  await using database = await createTestDatabase()
  const { host, hostname, port } = new URL(database.url)
  await database.owner.query(`ALTER DATABASE "${database.name}" SET default_transaction_read_only = on`)

  // The one that hangs is gone as soon as the other one has responded, and waits until it asks again.
  const sockets: Socket[] = []
  await using hanging = createServer((socket) => sockets.push(socket))
  await using forwarding = createServer((socket) => {
    const toPostgres = connect(Number(port), hostname).once('close', () => {
      hanging.close()
      for (const other of sockets) other.destroy()
    })
    socket.pipe(toPostgres).pipe(socket)
    socket.on('error', () => undefined)
  })
  const urls = await Promise.all(
    [hanging, forwarding].map(async (server) => database.url.replace(host, await listen(server))),
  )
  const moduleOf = (name: string): string => JSON.stringify(import.meta.resolve(`../../src/servers/${name}.ts`))
  const program = `
    import { findPrimary } from ${moduleOf('find-primary')}
    import { toServer } from ${moduleOf('server-session')}
    const error = await findPrimary(${JSON.stringify(urls)}.map(toServer), 0).catch((error) => error)
    process.stdout.write(error.message)`
  const { stdout } = await execute(process.execPath, ['--input-type=module', '--eval', program])
  expect(stdout).toContain('is read-only')
})
