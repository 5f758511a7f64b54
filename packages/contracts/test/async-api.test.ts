import { describe, expect, test } from '@jest/globals'
import specs from '@asyncapi/specs'
import { Ajv } from 'ajv'
import addFormats from 'ajv-formats'
import { readdirSync, readFileSync } from 'node:fs'
import { z } from 'zod'
import { CLOSE_CODES } from '../src/data/close-codes.ts'
import { asyncApiDocument, messageJsonSchema } from '../src/schemas/async-api.ts'
import { serverMessageSchema } from '../src/schemas/wire.ts'
import type { Frame, RecordedFrames } from './wire-compatibility.ts'

const FRAMES = new URL('frames/', import.meta.url)
const recorded = readdirSync(FRAMES).map(
  (file) => JSON.parse(readFileSync(new URL(file, FRAMES), 'utf8')) as RecordedFrames,
)
const framesOf = (side: 'client' | 'server'): Frame[] => recorded.flatMap((frames) => frames[side])

const ajv = (): Ajv => {
  const instance = new Ajv({ strict: false, allErrors: true })
  // The types of this package do not know that it is a module.
  ;(addFormats as unknown as (to: Ajv) => void)(instance)
  return instance
}

const document = asyncApiDocument() as {
  readonly components: { readonly messages: Readonly<Record<string, { readonly payload: object }>> }
  readonly operations: Readonly<Record<string, { readonly messages: readonly { readonly $ref: string }[] }>>
}

test('the document is one of AsyncAPI 3, by its own schema', () => {
  // With ids, it includes another copy of draft 7's own schema.
  const schema = (specs as unknown as { schemasWithoutId: Record<string, object> }).schemasWithoutId['3.0.0']!
  const validate = ajv().compile(schema)
  validate(document)
  expect(validate.errors ?? []).toEqual([])
  expect(validate({ ...document, channels: [] })).toBe(false)
})

test('every reference of the document is to something in it', () => {
  const text = JSON.stringify(document)
  for (const [, path] of text.matchAll(/"\$ref":"#\/([^"]+)"/g)) {
    let at: unknown = document
    for (const name of path!.split('/')) at = (at as Record<string, unknown> | undefined)?.[name]
    expect([path, typeof at]).toEqual([path, 'object'])
  }
})

describe.each(['client', 'server'] as const)('of the %s', (side) => {
  const validate = ajv().compile(messageJsonSchema(side))
  const nameOf = ({ type, event }: Frame): string =>
    [side, type, event].filter((part) => typeof part === 'string').join('.')

  test('every recorded frame is valid by the JSON Schema, and by its message of the document', () => {
    const messages = new Map(
      Object.entries(document.components.messages).map(([name, { payload }]) => [name, ajv().compile(payload)]),
    )
    for (const frame of framesOf(side)) {
      expect([frame, validate(frame)]).toEqual([frame, true])
      expect([frame, messages.get(nameOf(frame))?.(frame)]).toEqual([frame, true])
    }
  })

  test('every message of the document was recorded', () => {
    const known = Object.keys(document.components.messages).filter((name) => name.startsWith(`${side}.`))
    expect(known.toSorted()).toEqual([...new Set(framesOf(side).map(nameOf))].toSorted())
  })

  test('a frame without its first member, or of another type, is not valid', () => {
    for (const frame of framesOf(side)) {
      const { type, ...rest } = frame
      expect([validate(rest), validate({ ...rest, type: `${type}?` })]).toEqual([false, false])
    }
  })
})

test('the close codes are those of the contract', () => {
  expect(asyncApiDocument()['x-close-codes']).toHaveLength(Object.keys(CLOSE_CODES).length)
})

test('it does not depend on the names that other packages give the schemas', () => {
  const named = serverMessageSchema.options[0]
  const before = asyncApiDocument()
  z.globalRegistry.add(named, { id: 'NamedElsewhere' })
  try {
    expect(asyncApiDocument()).toEqual(before)
    expect(messageJsonSchema('server')).not.toHaveProperty('definitions')
  } finally {
    z.globalRegistry.remove(named)
  }
})
