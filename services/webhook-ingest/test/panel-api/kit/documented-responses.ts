import { ERROR_CODES, problemSchema } from '@paxyo/contracts'
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'
import type { LightMyRequestResponse } from 'fastify'
import type { Schema } from './json-schema.ts'
import type { Operation } from './arbitrary-requests.ts'

interface Response {
  readonly description: string
  readonly content: Readonly<Record<string, { readonly schema: Schema }>>
}

interface Details {
  readonly operationId: string
  readonly parameters?: Operation['parameters']
  readonly requestBody?: { readonly content: { readonly 'application/json': { readonly schema: Schema } } }
  readonly responses: Readonly<Record<string, Response>>
}

export interface OpenApiDocument {
  readonly openapi: string
  readonly paths: Readonly<Record<string, Readonly<Record<string, Details>>>>
}

export interface DocumentedResponses {
  readonly operations: ReadonlyMap<string, Operation>
  /** Resolves a `$ref`. */
  readonly resolve: (ref: string) => Schema
  /** @returns the differences between a response and the document; empty when there are none. */
  deviations(operation: Operation, response: LightMyRequestResponse): unknown[]
}

const ALWAYS_WRONG = new Set([500, 503])

export function readDocument(document: OpenApiDocument): DocumentedResponses {
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  addFormats.default(ajv)
  ajv.addSchema(document, 'document')
  /** By their schemas: many operations have the same responses. */
  const validators = new Map<string, ValidateFunction>()
  const validatorOf = (schema: unknown, $ref: string): ValidateFunction => {
    const text = JSON.stringify(schema)
    const validate = validators.get(text) ?? ajv.compile({ $ref })
    validators.set(text, validate)
    return validate
  }

  return {
    operations: operationsOf(document),
    resolve: (ref) =>
      ref
        .slice(2)
        .split('/')
        .reduce((part, name) => (part as Record<string, unknown>)[name], document as unknown) as Schema,
    deviations({ path, method }, response) {
      const status = String(response.statusCode)
      // An identifier that was empty or contained a slash leads to no route.
      if (status === '404' && response.json().code === 'not_found') return []
      const { responses } = document.paths[path]![method.toLowerCase()]!
      const declared = responses[status]
      if (declared === undefined || ALWAYS_WRONG.has(response.statusCode)) return [status, response.body]
      const type = String(response.headers['content-type']).split(';')[0]!
      const content = declared.content[type]
      if (content === undefined) return [status, type]
      const pointer = ['paths', path, method.toLowerCase(), 'responses', status, 'content', type, 'schema']
      const validate = validatorOf(content.schema, `document#/${pointer.map(escapePointer).join('/')}`)
      return [
        ...(validate(response.json()) ? [] : [status, validate.errors, response.body]),
        ...(response.statusCode < 400 ? [] : problemDeviations(declared, response)),
      ]
    },
  }
}

function problemDeviations({ description }: Response, response: LightMyRequestResponse): unknown[] {
  const { success, data } = problemSchema.safeParse(response.json())
  if (!success) return [response.body]
  const { status, title } = ERROR_CODES[data.code]
  const isDeclared = description.includes(`\`${data.code}\``)
  return isDeclared && status === response.statusCode && title === data.title ? [] : [response.body]
}

/** Those of the panel API. */
function operationsOf({ paths }: OpenApiDocument): Map<string, Operation> {
  const ofApi = Object.entries(paths).filter(([path]) => path.startsWith('/v1/'))
  const operations = ofApi.flatMap(([path, item]) =>
    Object.entries(item).map(([method, { operationId, parameters = [], requestBody }]): [string, Operation] => {
      const body = requestBody?.content['application/json'].schema
      return [
        operationId,
        { method: method.toUpperCase() as 'GET' | 'POST' | 'PATCH' | 'DELETE', path, operationId, parameters, body },
      ]
    }),
  )
  return new Map(operations)
}

const escapePointer = (name: string): string => encodeURIComponent(name.replaceAll('~', '~0').replaceAll('/', '~1'))
