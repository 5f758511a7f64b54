import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { Validator } from '@seriousme/openapi-schema-validator'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { startIngest, type IngestFixture } from '../../ingest-fixture.ts'
import { WEBHOOK_TYPES } from '@paxyo/contracts'
import type { OpenApiDocument } from './documented-responses.ts'

let ingest: IngestFixture
let document: OpenApiDocument
beforeAll(async () => {
  ingest = await startIngest()
  document = (await ingest.app.inject('/openapi.json')).json()
})
afterAll(async () => {
  await ingest[Symbol.asyncDispose]()
})

test('the document is valid OpenAPI 3.1', async () => {
  expect(document.openapi).toBe('3.1.0')
  expect(await new Validator().validate(document as never)).toMatchObject({ valid: true })
})

test('every route of the API is in it, and nothing else', () => {
  const documented = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
  )
  const routes = ingest.routes
    // The export is a file for people.
    .filter((route) => route.includes(' /v1/') && !route.endsWith('/export'))
    .concat('POST /webhooks/:provider/:token')
    .map((route) => route.replace(/:(\w+)/g, '{$1}'))

  expect(documented.toSorted()).toEqual(routes.toSorted())
  expect(routes.length).toBeGreaterThan(8)
})

test('every operation has a name of its own', () => {
  const names = Object.values(document.paths).flatMap((item) =>
    Object.values(item).map(({ operationId }) => operationId),
  )
  expect(new Set(names).size).toBe(names.length)
})

test('the webhooks in both directions are in it, and its references lead somewhere', async () => {
  const webhook = document.paths['/webhooks/{provider}/{token}']!['post'] as unknown as {
    requestBody: { content: { 'application/json': { example: object } } }
    responses: Record<string, { content: { 'application/json': { schema: { properties: { results: object } } } } }>
  }
  await ingest.register()
  const { example } = webhook.requestBody.content['application/json']
  const received = await ingest.webhook(example)
  const ajv = new Ajv2020({ strict: false, allowUnionTypes: true })
  const schema = webhook.responses['200']!.content['application/json'].schema
  expect([received.statusCode, ajv.validate(schema, received.json())]).toEqual([200, true])

  const { webhooks } = document as unknown as { webhooks: object }
  expect(Object.keys(webhooks).toSorted()).toEqual([...WEBHOOK_TYPES].toSorted())
  const names = new Set(
    [...JSON.stringify(document).matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name!),
  )
  const { schemas } = (document as unknown as { components: { schemas: object } }).components
  expect([...names].filter((name) => !(name in schemas))).toEqual([])
  expect(names.size).toBeGreaterThan(5)
})

test('what the schemas say of themselves is in it', () => {
  const text = JSON.stringify(document)
  for (const words of ['refunds are shares of it', 'Kept for at least 24 hours', "The user's seq after this change"]) {
    expect(text).toContain(words)
  }
})

interface AnyOf {
  readonly type?: string
  readonly anyOf?: readonly AnyOf[]
}

const typesOf = ({ type, anyOf = [] }: AnyOf): (string | undefined)[] =>
  anyOf.length === 0 ? [type] : anyOf.flatMap((inner) => typesOf(inner))

test('an id may be text or a whole number, wherever one is sent', () => {
  const { components } = document as unknown as {
    components: { schemas: Record<string, { properties: Record<string, AnyOf> }> }
  }
  const { properties } = components.schemas['RegistrationInput']!
  for (const name of ['orderId', 'providerOrderId', 'userId']) {
    const nullable = name === 'providerOrderId' ? ['null'] : []
    expect([name, typesOf(properties[name]!)]).toEqual([name, ['string', 'integer', ...nullable]])
  }
})

describe('without documentation', () => {
  test('neither is served', async () => {
    await using closed = await startIngest({}, { hasDocs: false })
    for (const path of ['/docs', '/openapi.json']) {
      expect((await closed.app.inject(path)).json()).toMatchObject({ code: 'not_found' })
    }
    expect((await closed.register()).statusCode).toBe(201)
  })
})
