import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { EmbedScript, Encoding } from './embed-script.ts'

/** How long a browser may use its cached version without revalidating it. */
const MAX_AGE_S = 300
const YEAR_S = 31_536_000

/** Any origin may load the script, also with an `integrity` attribute, which needs CORS. */
const HEADERS = {
  'content-type': 'text/javascript; charset=utf-8',
  'access-control-allow-origin': '*',
  'cross-origin-resource-policy': 'cross-origin',
  'x-content-type-options': 'nosniff',
  vary: 'accept-encoding',
}

/**
 * Serves the embed script as `/paxyo.js`, which browsers revalidate, and by its content hash, which never changes. Only
 * the current version is served: a panel that pins a version must host that file itself.
 */
export function registerEmbedScript(app: FastifyInstance, { hash, body }: EmbedScript): void {
  // Weak, because the encodings of the script have different bytes.
  const etag = `W/"${hash}"`
  const serve = (cacheControl: string) => async (request: FastifyRequest, reply: FastifyReply) => {
    void reply.headers({ ...HEADERS, etag, 'cache-control': cacheControl })
    if (isNamedIn(request.headers['if-none-match'], etag)) return reply.code(304).send()
    const encoding = preferredEncoding(request.headers['accept-encoding'])
    if (encoding !== 'identity') void reply.header('content-encoding', encoding)
    return reply.send(await body(encoding))
  }
  app.get('/paxyo.js', serve(`public, max-age=${MAX_AGE_S}, must-revalidate`))
  app.get(`/paxyo-${hash}.js`, serve(`public, max-age=${YEAR_S}, immutable`))
}

function isNamedIn(header: string | undefined, etag: string): boolean {
  const weakly = (tag: string): string => tag.trim().replace(/^W\//, '')
  return header !== undefined && header.split(',').some((tag) => tag.trim() === '*' || weakly(tag) === weakly(etag))
}

function preferredEncoding(header = ''): Encoding {
  const accepts = (encoding: string): boolean =>
    header.split(',').some((item) => {
      const [name, ...parameters] = item.split(';').map((part) => part.trim().toLowerCase())
      return name === encoding && !parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter))
    })
  if (accepts('br')) return 'br'
  return accepts('gzip') ? 'gzip' : 'identity'
}
