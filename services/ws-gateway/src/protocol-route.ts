import { asyncApiDocument, messageJsonSchema } from '@paxyo/contracts'
import type { FastifyInstance } from 'fastify'

const MAX_AGE_S = 300

/** Serves the wire protocol for machines: as an AsyncAPI document, and as a JSON Schema of each side's messages. */
export function registerProtocol(app: FastifyInstance): void {
  const documents: Readonly<Record<string, () => object>> = {
    '/asyncapi.json': asyncApiDocument,
    '/client-message.schema.json': () => messageJsonSchema('client'),
    '/server-message.schema.json': () => messageJsonSchema('server'),
  }
  for (const [path, create] of Object.entries(documents)) {
    // Created by the first request: a gateway starts without them.
    let text: string | undefined
    app.get(path, async (_request, reply) => {
      text ??= JSON.stringify(create())
      reply.headers({ 'cache-control': `public, max-age=${MAX_AGE_S}`, 'access-control-allow-origin': '*' })
      return reply.type('application/json; charset=utf-8').send(text)
    })
  }
}
