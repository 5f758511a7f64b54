import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { readBuiltFiles, type BuiltFile } from '@paxyo/service-kit'

/** A host and a port, as a policy may contain them. */
const HOST = /^[\w.:[\]-]{1,255}$/

/**
 * Allows the page's own files, and requests and the gateway's socket on its own host; no inline code. Not every browser
 * takes a socket as the same origin, so its address is named.
 */
const contentSecurityPolicy = (host: string): string =>
  [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "font-src 'self'",
    "img-src 'self'",
    HOST.test(host) ? `connect-src 'self' ws://${host} wss://${host}` : "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
  ].join('; ')

/** A file whose name has the hash of its content. */
const HASHED = /-[0-9A-Z]{8}\.\w+$/

/** These addresses are not the page's. */
const NOT_A_PAGE = /^\/console\/(?:api|files)(?:[/?]|$)/

/** The files that `build.mjs` writes. */
export const readConsoleFiles = (): readonly BuiltFile[] =>
  readBuiltFiles(new URL('../../dist/page/', import.meta.url), 'node packages/console/build.mjs')

/** Serves the page at `/console`, and at every address below it: the page shows what its address says. */
export function serveConsolePage(app: FastifyInstance): void {
  const files = readConsoleFiles()
  const headers = {
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    vary: 'accept-encoding',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
  }

  function send(file: BuiltFile, request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const caching = HASHED.test(file.name) ? 'public, max-age=31536000, immutable' : 'no-cache'
    void reply
      .headers({ ...headers, 'cache-control': caching, etag: file.etag })
      .header('content-security-policy', contentSecurityPolicy(request.host))
      .type(file.type)
    if (request.headers['if-none-match'] === file.etag) return reply.code(304).send()
    const acceptsGzip = /\bgzip\b/.test(request.headers['accept-encoding'] ?? '')
    if (!acceptsGzip || file.gzip === undefined) return reply.send(file.identity)
    return reply.header('content-encoding', 'gzip').send(file.gzip)
  }

  for (const file of files) app.get(`/console/files/${file.name}`, (request, reply) => send(file, request, reply))

  const index = files.find(({ name }) => name === 'index.html')!
  for (const path of ['/console', '/console/*']) {
    app.get(path, (request, reply) =>
      NOT_A_PAGE.test(request.url) ? reply.callNotFound() : send(index, request, reply),
    )
  }
}
