import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createHttpServer } from '@paxyo/service-kit'
import type { FastifyInstance } from 'fastify'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { pino } from 'pino'
import { registerEmbedScript } from '../../src/embed-script/embed-script-route.ts'
import { loadEmbedScript } from '../../src/embed-script/embed-script.ts'

const SCRIPT = 'console.log("Grüße")\n'.repeat(50)

let folder: string
let hash: string
let app: FastifyInstance
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'paxyo-embed-script-'))
  const file = join(folder, 'paxyo.js')
  writeFileSync(file, SCRIPT)
  const script = loadEmbedScript(pathToFileURL(file))
  hash = script.hash
  app = createHttpServer({ log: pino({ level: 'silent' }), trustProxy: false })
  registerEmbedScript(app, script)
})
afterAll(async () => {
  await app.close()
  rmSync(folder, { recursive: true })
})

const get = (url: string, headers: Record<string, string> = {}) => app.inject({ url, headers })

test('any page may load the script, also with an integrity attribute, and nobody takes it for anything else', async () => {
  const { statusCode, headers, body } = await get('/paxyo.js')
  expect(statusCode).toBe(200)
  expect(body).toBe(SCRIPT)
  expect(headers).toMatchObject({
    'content-type': 'text/javascript; charset=utf-8',
    'access-control-allow-origin': '*',
    'cross-origin-resource-policy': 'cross-origin',
    'x-content-type-options': 'nosniff',
  })
})

test('/paxyo.js is asked for again, the name of its bytes never', async () => {
  const latest = await get('/paxyo.js')
  expect(latest.headers['cache-control']).toBe('public, max-age=300, must-revalidate')
  const pinned = await get(`/paxyo-${hash}.js`)
  expect(pinned.body).toBe(SCRIPT)
  expect(pinned.headers['cache-control']).toBe('public, max-age=31536000, immutable')
  expect((await get('/paxyo-0123456789abcdef.js')).statusCode).toBe(404)
})

test('who has it already gets no body', async () => {
  const etag = (await get('/paxyo.js')).headers.etag!
  for (const known of [etag, `"other", ${etag}`, etag.replace('W/', ''), '*']) {
    const { statusCode, body, headers } = await get('/paxyo.js', { 'if-none-match': known })
    expect([known, statusCode, body]).toEqual([known, 304, ''])
    expect(headers).toMatchObject({ etag, vary: 'accept-encoding', 'access-control-allow-origin': '*' })
  }
  expect((await get('/paxyo.js', { 'if-none-match': '"other"' })).statusCode).toBe(200)
})

test('it comes compressed as the browser likes', async () => {
  const encoded = async (accepted: string) => {
    const { headers, rawPayload } = await get('/paxyo.js', { 'accept-encoding': accepted })
    expect(headers.vary).toBe('accept-encoding')
    return { encoding: headers['content-encoding'], rawPayload }
  }
  const brotli = await encoded('gzip, deflate, br')
  expect(brotli.encoding).toBe('br')
  expect(brotliDecompressSync(brotli.rawPayload).toString()).toBe(SCRIPT)
  const gzip = await encoded('gzip, br;q=0')
  expect(gzip.encoding).toBe('gzip')
  expect(gunzipSync(gzip.rawPayload).toString()).toBe(SCRIPT)
  expect((await encoded('deflate')).encoding).toBeUndefined()
})

test('a script that was not built is named, with what builds it', () => {
  const missing = pathToFileURL(join(folder, 'missing.js'))
  expect(() => loadEmbedScript(missing)).toThrow(
    /missing\.js cannot be read\. Build it: node packages\/paxyo-js\/build\.mjs/,
  )
})
