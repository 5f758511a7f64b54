import { expect, test } from '@jest/globals'
import { createTestDatabase } from '@paxyo/testkit'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo } from 'node:net'
import { createPool } from '../../src/connect.ts'

test('a connection that breaks before it is known to lead to the primary fails, and the process goes on', async () => {
  await using database = await createTestDatabase()
  const { host, hostname, port } = new URL(database.url)
  let questions = 0
  await using proxy = createServer((socket) => {
    const toPostgres = connect(Number(port), hostname)
    socket.on('error', () => undefined)
    toPostgres.on('error', () => undefined).pipe(socket)
    socket.on('data', (chunk) => {
      // The first one is of the search for the primary, on another connection.
      if (chunk.includes('pg_is_in_recovery') && ++questions === 2) socket.destroy()
      else toPostgres.write(chunk)
    })
    socket.once('close', () => toPostgres.destroy())
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  const address = `127.0.0.1:${(proxy.address() as AddressInfo).port}`
  const url = `${database.url.replace(host, address)}?target_session_attrs=read-write`
  const pool = createPool({ url, role: 'ingest', name: 'a-test', max: 1 })
  await expect(pool.connect()).rejects.toThrow('Connection terminated unexpectedly')
  expect(questions).toBe(2)
  const { rows } = await pool.query('SELECT 1 AS one')
  expect(rows).toEqual([{ one: 1 }])
  await pool.end()
})
