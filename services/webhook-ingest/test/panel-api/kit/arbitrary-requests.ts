import fc, { type Arbitrary } from 'fast-check'
import type { Schema } from './json-schema.ts'
import { valuesOf, type Familiar, type Resolve } from './json-schema-arbitrary.ts'

/** An operation as the OpenAPI document describes it. */
export interface Operation {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  readonly path: string
  readonly operationId: string
  readonly parameters: readonly {
    readonly name: string
    readonly in: 'path' | 'query' | 'header'
    readonly required?: boolean
    readonly schema: Schema
  }[]
  readonly body: Schema | undefined
}

export interface GeneratedRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE'
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly payload?: string
}

interface Parts {
  readonly path: Readonly<Record<string, unknown>>
  readonly query: Readonly<Record<string, unknown>>
  readonly header: Readonly<Record<string, unknown>>
  readonly body: unknown
}

/** Requests that are valid according to the document. */
export function validRequests(operation: Operation, resolve: Resolve, familiar: Familiar): Arbitrary<GeneratedRequest> {
  return partsOf(operation, resolve, familiar).map((parts) => toRequest(operation, parts))
}

/** Valid requests with an invalid change. */
export function brokenRequests(
  operation: Operation,
  resolve: Resolve,
  familiar: Familiar,
): Arbitrary<GeneratedRequest> {
  const parts = partsOf(operation, resolve, familiar)
  const withHostile = (part: 'path' | 'query' | 'header') =>
    fc
      .tuple(
        parts,
        fc.dictionary(fc.constantFrom(...namesIn(operation, part)), HOSTILE_TEXT, {
          noNullPrototype: true,
          minKeys: 1,
          maxKeys: 2,
        }),
      )
      .map(([valid, changes]) => toRequest(operation, { ...valid, [part]: { ...valid[part], ...changes } }))
  const withBody = fc
    .tuple(parts, HOSTILE_VALUE, fc.nat())
    .map(([valid, hostile, place]) => toRequest(operation, { ...valid, body: replaceAt(valid.body, hostile, place) }))
  const withPayload = fc
    .tuple(parts, fc.oneof(HOSTILE_TEXT, fc.json()), fc.constantFrom('application/json', 'text/plain', 'a/b', 'x'))
    .map(([valid, payload, type]) => {
      const { method, url, headers } = toRequest(operation, valid)
      return { method, url, payload, headers: { ...headers, 'content-type': type } }
    })
  const withUnknown = fc.tuple(parts, HOSTILE_TEXT).map(([valid, text]) => {
    const { url, ...request } = toRequest(operation, valid)
    return Object.assign(request, {
      url: `${url}${url.includes('?') ? '&' : '?'}unknown=${encodeURIComponent(text.toWellFormed())}`,
    })
  })
  const ways = (['path', 'query', 'header'] as const).filter((part) => namesIn(operation, part).length > 0)
  const withWrongBody = operation.body === undefined ? [] : [withBody, withPayload]
  return fc.oneof(withUnknown, ...ways.map(withHostile), ...withWrongBody)
}

const namesIn = (operation: Operation, part: 'path' | 'query' | 'header'): string[] =>
  operation.parameters.filter((parameter) => parameter.in === part).map(({ name }) => name)

function partsOf({ parameters, body }: Operation, resolve: Resolve, familiar: Familiar): Arbitrary<Parts> {
  const part = (place: 'path' | 'query' | 'header') => {
    const inPlace = parameters.filter((parameter) => parameter.in === place)
    const schema: Schema = {
      type: 'object',
      properties: Object.fromEntries(inPlace.map((parameter) => [parameter.name, parameter.schema])),
      required: inPlace.filter(({ required }) => required === true).map(({ name }) => name),
    }
    return valuesOf(schema, resolve, familiar) as Arbitrary<Record<string, unknown>>
  }
  const bodies = body === undefined ? fc.constant(undefined) : valuesOf(body, resolve, familiar)
  return fc.record({ path: part('path'), query: part('query'), header: part('header'), body: bodies })
}

function toRequest(
  { method, path, body: hasBody }: Operation,
  { path: names, query, header, body }: Parts,
): GeneratedRequest {
  const filled = path.replace(/\{(\w+)\}/g, (_all, name: string) => encodeSegment(names[name]))
  const search = Object.entries(query).map(([name, value]) => `${name}=${encode(value)}`)
  const headers = Object.entries(header).map(([name, value]) => [name, toHeader(String(value))])
  return {
    method,
    url: search.length === 0 ? filled : `${filled}?${search.join('&')}`,
    headers: {
      ...(Object.fromEntries(headers) as Record<string, string>),
      ...(hasBody === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(hasBody === undefined ? {} : { payload: JSON.stringify(body) }),
  }
}

/** A path cannot contain a segment of one or two dots: clients resolve it, encoded or not. */
const encodeSegment = (value: unknown): string => encode(value).replace(/^\.{1,2}$/, 'dots')

/** A URL cannot contain a lone surrogate. */
const encode = (value: unknown): string => encodeURIComponent(String(value).toWellFormed())

/** Replaces characters that Node rejects in a header. */
const toHeader = (text: string): string => text.replace(/[^\t\x20-\x7e\x80-\xff]/g, '?')

const HOSTILE_TEXT: Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    '',
    ' ',
    '\0',
    'a\0b',
    '\ud800',
    "'; DROP TABLE orders --",
    '../..',
    '%',
    '%00',
    '-1',
    '1e999',
    'NaN',
  ),
  fc.constantFrom('0000-01-01T00:00:00Z', '9999-12-31T23:59:59Z', '2026-02-30T00:00:00Z', 'null', '[]', '__proto__'),
  // Well-formed cursors with other contents.
  fc.jsonValue({ maxDepth: 2 }).map((value) => Buffer.from(JSON.stringify(value)).toString('base64url')),
  fc
    .tuple(fc.maxSafeInteger(), fc.oneof(fc.constantFrom('a\0b', '\ud800', ''), fc.string({ unit: 'binary' })))
    .map((position) => Buffer.from(JSON.stringify(position)).toString('base64url')),
  fc.string({ unit: 'binary' }),
  fc.string({ minLength: 200, maxLength: 3_000 }),
)

const HOSTILE_VALUE: Arbitrary<unknown> = fc.oneof(
  HOSTILE_TEXT,
  fc.constantFrom(null, true, 0, -1, 1.5, 2 ** 53, 1e308, [], {}, [[]], { constructor: {} }, { toString: 1 }),
  fc.constantFrom('0', '-0', '00.00', '999999999999.99999999', '0.000000001', '1.', '.5', '٣', '１'),
  fc.jsonValue(),
)

/** Replaces the value or one of its parts, or adds a member. */
function replaceAt(value: unknown, replacement: unknown, place: number): unknown {
  if (typeof value !== 'object' || value === null || place % 7 === 0) return replacement
  const keys = Object.keys(value)
  const next = Math.floor(place / 7)
  const key = keys[next % (keys.length + 1)] ?? 'unknown'
  const changed: unknown = replaceAt(
    (value as Record<string, unknown>)[key],
    replacement,
    Math.floor(next / (keys.length + 1)),
  )
  if (Array.isArray(value)) return value.map((item: unknown, index) => (String(index) === key ? changed : item))
  return { ...value, [key]: changed }
}
