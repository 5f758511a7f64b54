import swagger from '@fastify/swagger'
import { createJsonSchemaTransform, createJsonSchemaTransformObject } from 'fastify-type-provider-zod'
import { namedSchemas } from './operation.ts'
import type { PanelApi } from './panel-api.ts'

/** Collects the routes that are added after this into one document, and serves it at `/openapi.json` to everybody. */
export async function registerOpenApi(api: PanelApi): Promise<void> {
  await api.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'Paxyo Realtime, panel API', version: '1.0.0' },
      components: { securitySchemes: { panelKey: { type: 'http', scheme: 'bearer' } } },
      security: [{ panelKey: [] }],
    },
    transform: createJsonSchemaTransform({ schemaRegistry: namedSchemas }),
    transformObject: createJsonSchemaTransformObject({ schemaRegistry: namedSchemas }),
  })
  api.get('/openapi.json', { schema: { hide: true } }, () => api.swagger())
}
