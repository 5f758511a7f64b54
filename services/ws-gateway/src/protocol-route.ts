import { asyncApiDocument, messageJsonSchema } from '@paxyo/contracts'
import type { FastifyInstance } from 'fastify'

const MAX_AGE_S = 300

/** Serves the wire protocol for machines: as an AsyncAPI document, and as a JSON Schema of each side's messages. */
export function registerProtocol(app: FastifyInstance): void {
  const documents: Readonly<Record<string, string>> = {
    '/asyncapi.json': JSON.stringify(asyncApiDocument()),
    '/client-message.schema.json': JSON.stringify(messageJsonSchema('client')),
    '/server-message.schema.json': JSON.stringify(messageJsonSchema('server')),
  }
  for (const [path, text] of Object.entries(documents)) {
    app.get(path, async (_request, reply) => {
      reply.headers({ 'cache-control': `public, max-age=${MAX_AGE_S}`, 'access-control-allow-origin': '*' })
      return reply.type('application/json; charset=utf-8').send(text)
    })
  }
}
