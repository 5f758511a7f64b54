import { createJsonSchemaTransform, createJsonSchemaTransformObject } from 'fastify-type-provider-zod'
import { serveApiReference } from '@paxyo/api-reference'
import { readFileSync } from 'node:fs'
import type { OpenAPIV3_1 } from 'openapi-types'
import type { ZodType } from 'zod'
import type { PanelApi } from '../api.ts'
import { namedSchemas } from '../operation.ts'
import { outgoingWebhooks } from './outgoing-webhooks.ts'
import { PROVIDER_WEBHOOK_PATHS } from './provider-webhook.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The documented schema of a body, when the route validates only a part of it. */
    documentedBody?: ZodType
  }
}

const INTRODUCTION = new URL('introduction.md', import.meta.url)

/** In the order of the page. */
const TAGS = [
  { name: 'Provider webhook', description: 'What providers send to this service.' },
  { name: 'Orders' },
  { name: 'Accounts' },
  { name: 'Refunds', description: 'Pages and webhooks with what was refunded: credit each refund once.' },
  { name: 'Changes', description: 'Every committed change, in order and without gaps.' },
  { name: 'Tokens', description: "For users' browsers, which connect to the gateway with them." },
  { name: 'Connections' },
  { name: 'Outgoing webhooks', description: "Endpoints on the panel's server. What they receive is under Webhooks." },
  { name: 'Reviews', description: 'What a person must decide.' },
  { name: 'Deliveries', description: 'Updates received from providers.' },
  { name: 'Rejected requests', description: 'Authenticated webhooks that could not be read.' },
  { name: 'Overview' },
  { name: 'Operators', description: 'The people who use the console.' },
  { name: 'API keys' },
]

/**
 * Documents the routes that are added after this call, and the webhooks in both directions: `/openapi.json`, and `/docs`
 * as a page.
 *
 * @example
 * const api = toPanelApi(createHttpServer({ log, trustProxy: false }), log)
 * await registerOpenApi(api)
 * (await api.inject('/openapi.json')).json().openapi //=> '3.1.0'
 */
export async function registerOpenApi(api: PanelApi): Promise<void> {
  // Added before Swagger: it documents the routes that follow.
  serveApiReference(api, () => {
    const document = api.swagger() as OpenAPIV3_1.Document
    const paths = { ...PROVIDER_WEBHOOK_PATHS, ...document.paths }
    return withoutImpliedBounds({ ...document, paths, webhooks: outgoingWebhooks() })
  })

  // Loaded here: a service without documentation starts faster.
  const { default: swagger } = await import('@fastify/swagger')
  const toJsonSchema = createJsonSchemaTransform({ schemaRegistry: namedSchemas })
  await api.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Paxyo Realtime, panel API',
        version: '1.0.0',
        description: readFileSync(INTRODUCTION, 'utf8').trim(),
      },
      components: {
        securitySchemes: {
          panelKey: { type: 'http', scheme: 'bearer' },
          consoleSession: { type: 'apiKey', in: 'cookie', name: '__Host-paxyo_console' },
        },
      },
      security: [{ panelKey: [] }],
      tags: TAGS,
    },
    transform(document) {
      const body = document.route.config?.documentedBody
      return toJsonSchema(body === undefined ? document : { ...document, schema: { ...document.schema, body } })
    },
    transformObject: createJsonSchemaTransformObject({ schemaRegistry: namedSchemas }),
  })
}

/** Zod bounds every integer by what JavaScript can represent; a sample would contain the lower bound. */
function withoutImpliedBounds(document: object): object {
  const implied: Readonly<Record<string, number>> = {
    minimum: Number.MIN_SAFE_INTEGER,
    maximum: Number.MAX_SAFE_INTEGER,
  }
  const text = JSON.stringify(document, (key, value: unknown) => (implied[key] === value ? undefined : value))
  return JSON.parse(text) as object
}
