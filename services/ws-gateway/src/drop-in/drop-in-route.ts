import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { DropInScript } from './drop-in-script.ts'

/** How long a page may go by an old version before its browser asks. */
const MAX_AGE_S = 300
const YEAR_S = 31_536_000

/** For pages everywhere: any origin may load it, also with an `integrity` attribute, which needs CORS. */
const HEADERS = {
  'content-type': 'text/javascript; charset=utf-8',
  'access-control-allow-origin': '*',
  'cross-origin-resource-policy': 'cross-origin',
  'x-content-type-options': 'nosniff',
  vary: 'accept-encoding',
}

/**
 * Serves the drop-in script: as `/paxyo.js`, which browsers revalidate, and by the name of its bytes, which never
 * change. The name of another version's bytes is not found: whoever pins a version serves it themselves.
 */
export function registerDropIn(app: FastifyInstance, { hash, bodies }: DropInScript): void {
  // Weak: the encodings of the script differ in their bytes.
  const etag = `W/"${hash}"`
  const serve = (cacheControl: string) => (request: FastifyRequest, reply: FastifyReply) => {
    reply.headers({ ...HEADERS, etag, 'cache-control': cacheControl })
    if (isNamedIn(request.headers['if-none-match'], etag)) return reply.code(304).send()
    const encoding = preferredEncoding(request.headers['accept-encoding'])
    if (encoding !== 'identity') reply.header('content-encoding', encoding)
    return reply.send(bodies[encoding])
  }
  app.get('/paxyo.js', serve(`public, max-age=${MAX_AGE_S}, must-revalidate`))
  app.get(`/paxyo-${hash}.js`, serve(`public, max-age=${YEAR_S}, immutable`))
}

function isNamedIn(header: string | undefined, etag: string): boolean {
  const weakly = (tag: string): string => tag.trim().replace(/^W\//, '')
  return header !== undefined && header.split(',').some((tag) => tag.trim() === '*' || weakly(tag) === weakly(etag))
}

function preferredEncoding(header = ''): keyof DropInScript['bodies'] {
  const accepts = (encoding: string): boolean =>
    header.split(',').some((item) => {
      const [name, ...parameters] = item.split(';').map((part) => part.trim().toLowerCase())
      return name === encoding && !parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter))
    })
  if (accepts('br')) return 'br'
  return accepts('gzip') ? 'gzip' : 'identity'
}
