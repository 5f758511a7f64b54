import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { startS3Server, type S3Server } from '@paxyo/testkit'
import { randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { startPaxyo } from '../paxyo-process.ts'
import { countDeliveries, createDatabaseWithDay, DAY, destroyKeys, run } from './archive-sample.ts'

// The archive in a bucket of a server that verifies signatures.

/** More than one part of an upload; what is encrypted cannot be compressed. */
const LARGE_BODY = randomBytes(5 * 1024 * 1024).toString('hex')

let server: S3Server
beforeAll(async () => {
  server = await startS3Server()
})
afterAll(async () => server[Symbol.asyncDispose]())

/** The settings of an empty archive. */
const archiveAt = (port: number) => ({
  ARCHIVE_S3_BUCKET: server.bucket,
  ARCHIVE_S3_ENDPOINT: `http://127.0.0.1:${port}`,
  ARCHIVE_S3_PREFIX: `archive/${randomUUID()}`,
  ARCHIVE_S3_ACCESS_KEY_ID: server.accessKeyId,
  ARCHIVE_S3_SECRET_ACCESS_KEY: server.secretAccessKey,
})

test('a bucket has the days that maintain drops, and shows an order until its user is erased', async () => {
  await using database = await createDatabaseWithDay()
  const env = { DATABASE_URL: database.url, ...archiveAt(server.port) }
  const place = `s3://${env.ARCHIVE_S3_BUCKET}/${env.ARCHIVE_S3_PREFIX}`
  expect(await run(['archive'], env)).toEqual({ code: 0, out: `${place}/${DAY}.ndjson.gz\n`, err: '' })
  expect((await run(['maintain'], env)).out).toContain(`dropped: ${DAY}.`)
  expect(await countDeliveries(database)).toBe(0)

  expect((await run(['archive', 'show', 'A-1'], env)).out).toMatch(/ {2}d-1 {2}applied {2}\{"order":23501\}\n$/)
  expect((await run(['archive', 'show', 'A-2'], env)).out).toBe('The archive has no delivery of this order.\n')
  await destroyKeys(database)
  expect((await run(['archive', 'show', 'A-1'], env)).out).toMatch(/ {2}d-1 {2}applied {2}the user was erased\n$/)
})

test('an upload that is killed leaves no file, and its day stays until the next run', async () => {
  await using database = await createDatabaseWithDay(LARGE_BODY)
  await using proxy = await startProxyWithoutSecondPart()
  const env = { DATABASE_URL: database.url, ...archiveAt(proxy.port) }
  const maintain = startPaxyo(['maintain'], env)
  const outcome = await Promise.race([proxy.secondPart, maintain.ended])
  expect(outcome).toBe('second part')
  maintain.child.kill('SIGKILL')
  await maintain.ended

  expect(await countDeliveries(database)).toBe(1)
  const direct = { ...env, ARCHIVE_S3_ENDPOINT: `http://127.0.0.1:${server.port}` }
  const empty = 'The archive has no delivery of this order.\n'
  expect(await run(['archive', 'show', 'A-1'], direct)).toEqual({ code: 0, out: empty, err: '' })
  expect((await run(['maintain'], direct)).out).toContain(`dropped: ${DAY}.`)
  expect((await run(['archive', 'show', 'A-1'], direct)).out.includes(LARGE_BODY)).toBe(true)
})

test.each([
  ['ARCHIVE_S3_SECRET_ACCESS_KEY', 'another-secret', 'The secret does not belong to the key'],
  ['ARCHIVE_S3_ACCESS_KEY_ID', 'AKIAUNKNOWN', 'The store does not know the key'],
  ['ARCHIVE_S3_BUCKET', 'missing', 'Create the bucket, or correct ARCHIVE_S3_BUCKET'],
])('a wrong %s is named, and nothing is dropped', async (name, value, hint) => {
  await using database = await createDatabaseWithDay()
  const env = { DATABASE_URL: database.url, ...archiveAt(server.port), [name]: value }
  const { code, out, err } = await run(['maintain'], env)
  expect({ code, out }).toEqual({ code: 5, out: '' })
  expect(err).toContain(`the archive s3://${env.ARCHIVE_S3_BUCKET}/`)
  expect(err).toContain(hint)
  expect(err).not.toContain('another-secret')
  expect(err).not.toContain(server.secretAccessKey)
  expect(await countDeliveries(database, 'body IS NOT NULL')).toBe(1)
})

/** A proxy of the store that gets the second part of an upload, and never responds to it. */
async function startProxyWithoutSecondPart() {
  const { promise: secondPart, resolve } = Promise.withResolvers<'second part'>()
  const proxy = createServer((incoming, outgoing) => {
    const { method, url: path, headers } = incoming
    if (path!.includes('partNumber=2')) {
      resolve('second part')
      return
    }
    const forwarded = request({ port: server.port, host: '127.0.0.1', method, path, headers }, (response) => {
      outgoing.writeHead(response.statusCode!, response.headers)
      response.pipe(outgoing)
    })
    incoming.pipe(forwarded)
  })
  proxy.listen(0, '127.0.0.1')
  await once(proxy, 'listening')
  return {
    port: (proxy.address() as AddressInfo).port,
    secondPart,
    async [Symbol.asyncDispose]() {
      proxy.closeAllConnections()
      proxy.close()
      await once(proxy, 'close')
    },
  }
}
