import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createHttpServer } from '@paxyo/service-kit'
import { createTestAuthority, eventually } from '@paxyo/testkit'
import type { FastifyInstance } from 'fastify'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { connect, type TLSSocket } from 'node:tls'
import { gunzipSync } from 'node:zlib'
import { pino } from 'pino'
import { serveApiReference } from '../src/serve-api-reference.ts'

const DOCUMENT = { openapi: '3.1.0', info: { title: 'Shop', version: '1' }, paths: {} }
const GZIP = { 'accept-encoding': 'gzip, br' }

let app: FastifyInstance
let created = 0
let script: string
beforeAll(async () => {
  const tls = createTestAuthority().issue(['127.0.0.1'])
  app = createHttpServer({ log: pino({ level: 'silent' }), trustProxy: false, tls })
  serveApiReference(app, () => {
    created += 1
    return DOCUMENT
  })
  script = /docs\/files\/scalar-[0-9a-f]{16}\.js/.exec((await app.inject('/docs')).body)![0]
})
afterAll(() => app.close())

test('the page has no inline script and names its files by their hash, which browsers keep for good', async () => {
  const page = await app.inject('/docs')
  expect(page.headers['content-type']).toBe('text/html; charset=utf-8')
  expect(page.headers['content-security-policy']).toContain("script-src 'self';")
  expect(page.body).not.toMatch(/<script(?![^>]*\bsrc="docs\/files\/)|\son\w+=|https?:/)
  expect(page.headers['cache-control']).toBe('no-cache')
  const file = await app.inject({ url: `/${script}`, headers: GZIP })
  expect(file.headers['cache-control']).toBe('public, max-age=31536000, immutable')
})

test('files are compressed for a client that accepts it, and the same for one that does not', async () => {
  const compressed = await app.inject({ url: `/${script}`, headers: GZIP })
  const plain = await app.inject(`/${script}`)
  expect([compressed.headers['content-encoding'], plain.headers['content-encoding']]).toEqual(['gzip', undefined])
  expect(gunzipSync(compressed.rawPayload).equals(plain.rawPayload)).toBe(true)
  expect(Number(compressed.headers['content-length'])).toBe(compressed.rawPayload.length)
  expect(compressed.rawPayload.length).toBeLessThan(1_500_000)
})

test('an unchanged file is not sent again, and a document is created once', async () => {
  for (const url of ['/docs', '/openapi.json', '/docs/asyncapi.json']) {
    const { etag } = (await app.inject(url)).headers
    const again = await app.inject({ url, headers: { 'if-none-match': String(etag) } })
    expect([url, again.statusCode, again.body]).toEqual([url, 304, ''])
  }
  expect((await app.inject('/openapi.json')).json()).toEqual(DOCUMENT)
  expect(created).toBe(1)
  expect((await app.inject('/docs/asyncapi.json')).json().asyncapi).toBe('3.0.0')
})

test('a client that does not read costs the server a few chunks, not the file', async () => {
  await app.listen({ host: '127.0.0.1', port: 0 })
  const accepted = once(app.server, 'secureConnection') as Promise<[TLSSocket]>
  const { port } = app.server.address() as AddressInfo
  const client = connect({ port, host: '127.0.0.1', rejectUnauthorized: false }).pause()
  // More than the buffers of the two sockets.
  client.write(`GET /${script} HTTP/1.1\r\nhost: a\r\naccept-encoding: gzip\r\n\r\n`.repeat(40))
  const [socket] = await accepted
  await eventually(() => Promise.resolve(socket.writableNeedDrain))
  expect(socket.bytesWritten).toBeGreaterThan(0)
  expect(socket.writableLength).toBeLessThan(128 * 1024)
  client.destroy()
})
