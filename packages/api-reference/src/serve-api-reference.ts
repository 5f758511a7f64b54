import { asyncApiDocument } from '@paxyo/contracts'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { readPageFiles } from './page-files.ts'
import { toStoredFile, type StoredFile } from './stored-file.ts'

/**
 * The page runs its own two scripts and reads this service. Scalar writes its stylesheet, and the positions of some
 * elements, into the page: inline styles are allowed, inline scripts are not.
 */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const HEADERS = {
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'cross-origin-opener-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  vary: 'accept-encoding',
  'x-content-type-options': 'nosniff',
}

/** The part of a response that a connection holds while its client does not read. The file itself is shared. */
const CHUNK_BYTES = 16 * 1024

/**
 * Serves the API's reference: the page at `/docs`, the documents at `/openapi.json` and `/docs/asyncapi.json`.
 *
 * @param openApi creates the OpenAPI document; it is called once, with the first request.
 * @example
 * const app = createHttpServer({ log, trustProxy: false })
 * serveApiReference(app, () => ({ openapi: '3.1.0', info: { title: 'Shop', version: '1' }, paths: {} }))
 * (await app.inject('/openapi.json')).json().info.title //=> 'Shop'
 */
export function serveApiReference(app: FastifyInstance, openApi: () => object): void {
  const files = readPageFiles()
  const serve = (path: string, file: () => StoredFile): void => {
    app.get(path, (request, reply) => send(file(), request, reply))
  }
  for (const [name, file] of files) serve(name === 'index.html' ? '/docs' : `/docs/files/${name}`, () => file)
  serve(
    '/openapi.json',
    once(() => toStoredFile(openApi())),
  )
  serve(
    '/docs/asyncapi.json',
    once(() => toStoredFile(asyncApiDocument())),
  )
}

function once<Value>(create: () => Value): () => Value {
  let created: { readonly value: Value } | undefined
  return () => (created ??= { value: create() }).value
}

function send(file: StoredFile, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const caching = file.isHashed ? 'public, max-age=31536000, immutable' : 'no-cache'
  void reply.headers({ ...HEADERS, 'cache-control': caching, etag: file.etag }).type(file.type)
  if (request.headers['if-none-match'] === file.etag) return reply.code(304).send()
  const compressed = Readable.from(chunksOf(file.gzip), { objectMode: false, highWaterMark: CHUNK_BYTES })
  if (!/\bgzip\b/.test(request.headers['accept-encoding'] ?? '')) return reply.send(compressed.pipe(createGunzip()))
  return reply.headers({ 'content-encoding': 'gzip', 'content-length': file.gzip.length }).send(compressed)
}

function* chunksOf(bytes: Buffer): Generator<Buffer> {
  for (let start = 0; start < bytes.length; start += CHUNK_BYTES) yield bytes.subarray(start, start + CHUNK_BYTES)
}
