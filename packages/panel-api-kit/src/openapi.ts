import swagger from '@fastify/swagger'
import { createJsonSchemaTransform, createJsonSchemaTransformObject } from 'fastify-type-provider-zod'
import { OPENAPI_PAGE_CSP, renderOpenApiPage } from '@paxyo/service-kit'
import { readFileSync } from 'node:fs'
import type { OpenAPIV3_1 } from 'openapi-types'
import type { ZodType } from 'zod'
import { COMMON_ERRORS, namedSchemas } from './operation.ts'
import type { PanelApi } from './api.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The documented schema of a body, when the route validates only a part of it. */
    documentedBody?: ZodType
  }
}

const INTRODUCTION = new URL('introduction.md', import.meta.url)
const UNDOCUMENTED = { schema: { hide: true } }

/**
 * Documents the routes that are added after this call: `/openapi.json`, and `/docs` as a page.
 *
 * @example
 * const api = toPanelApi(createHttpServer({ log, trustProxy: false }), log)
 * await registerOpenApi(api)
 * (await api.inject('/openapi.json')).json().openapi //=> '3.1.0'
 */
export async function registerOpenApi(api: PanelApi): Promise<void> {
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
    },
    transform(document) {
      const body = document.route.config?.documentedBody
      return toJsonSchema(body === undefined ? document : { ...document, schema: { ...document.schema, body } })
    },
    transformObject: createJsonSchemaTransformObject({ schemaRegistry: namedSchemas }),
  })

  api.get('/openapi.json', UNDOCUMENTED, () => api.swagger())
  let page: string | undefined
  api.get('/docs', UNDOCUMENTED, (_request, reply) => {
    page ??= renderOpenApiPage(api.swagger() as OpenAPIV3_1.Document, COMMON_ERRORS)
    return reply.header('content-security-policy', OPENAPI_PAGE_CSP).type('text/html; charset=utf-8').send(page)
  })
}
