import { describe, expect, test } from '@jest/globals'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { z } from 'zod'
import { CLOSE_CODES, isReconnectable } from '../src/data/close-codes.ts'
import {
  PROTOCOL_HISTORY,
  PROTOCOL_REVISION,
  PROTOCOL_VERSION,
  PROTOCOL_VERSION_MIN,
} from '../src/data/protocol-version.ts'
import { accountViewSchema, orderEventSchema } from '../src/schemas/order-event.ts'
import { descriptionsOnly } from '../src/schemas/descriptions-only.ts'
import { clientMessageSchema, serverMessageSchema } from '../src/schemas/wire.ts'
import { explainChange } from './explain-change.ts'
import { findBreaks, findUnreadable, type RecordedFrames } from './wire-compatibility.ts'

const SCHEMAS = { client: clientMessageSchema, server: serverMessageSchema }
const JSON_SCHEMAS = [
  z.toJSONSchema(clientMessageSchema, { metadata: descriptionsOnly }),
  z.toJSONSchema(serverMessageSchema, { metadata: descriptionsOnly }),
]

/** Everything that was recorded of a version: each revision adds what it added to the wire. */
function framesOf(version: number): RecordedFrames {
  const all = PROTOCOL_HISTORY.filter((entry) => entry.version === version).map(({ revision }) => {
    const file = new URL(`frames/${version}.${revision}.json`, import.meta.url)
    return JSON.parse(readFileSync(file, 'utf8')) as RecordedFrames
  })
  return {
    client: all.flatMap(({ client }) => client),
    server: all.flatMap(({ server }) => server),
    closes: all.flatMap(({ closes }) => closes),
  }
}

const versionsServed = [...new Set(PROTOCOL_HISTORY.map(({ version }) => version))].filter(
  (version) => version >= PROTOCOL_VERSION_MIN,
)

test('the wire schemas are those of the last entry of the history', () => {
  const explanation = explainChange({
    version: PROTOCOL_VERSION,
    versionMin: PROTOCOL_VERSION_MIN,
    history: PROTOCOL_HISTORY,
    schemaHash: createHash('sha256').update(JSON.stringify(JSON_SCHEMAS)).digest('hex').slice(0, 16),
    breaks: findBreaks(framesOf(PROTOCOL_VERSION), SCHEMAS),
  })
  expect(explanation).toBe('')
})

describe.each(versionsServed)('every recorded frame of protocol %d', (version) => {
  const frames = framesOf(version)

  test('is read by the schemas, whole', () => {
    expect(findUnreadable(frames, SCHEMAS)).toEqual([])
  })

  test('says by its close code what it said', () => {
    for (const { code, reason } of frames.closes) {
      expect([reason, CLOSE_CODES[reason as keyof typeof CLOSE_CODES]?.code]).toEqual([reason, code])
      expect([reason, isReconnectable(code)]).toEqual([reason, code < 4500])
    }
  })
})

test('clients of this version meet nothing that they do not expect', () => {
  expect(findBreaks(framesOf(PROTOCOL_VERSION), SCHEMAS)).toEqual([])
})

test('the recorded frames of this version show every member, type, kind, status and mode, and every close code', () => {
  const { client, server, closes } = framesOf(PROTOCOL_VERSION)
  const shown = new Set([...vocabularyOf(client), ...vocabularyOf(server)])
  const known = [...vocabularyOfSchema(JSON_SCHEMAS)]
  expect(known.filter((word) => !shown.has(word))).toEqual([])
  expect(new Set(closes.map(({ reason }) => reason))).toEqual(new Set(Object.keys(CLOSE_CODES)))
})

test('every kind of event has what a client relies on that does not know the kind', () => {
  for (const { shape } of orderEventSchema.options) {
    expect(Object.keys(shape)).toEqual(expect.arrayContaining(['type', 'seq', 'event', 'at']))
    expect(shape.account).toBe(accountViewSchema)
  }
})

test('versions and revisions go up one by one', () => {
  for (const [index, { version, revision }] of PROTOCOL_HISTORY.entries()) {
    const before = PROTOCOL_HISTORY[index - 1] ?? { version: 0, revision: 0 }
    const isNext = version === before.version ? revision === before.revision + 1 : revision === 0
    expect([version, revision, isNext]).toEqual([version, revision, true])
    expect([before.version, before.version + 1]).toContain(version)
  }
  expect(PROTOCOL_HISTORY.at(-1)).toMatchObject({ version: PROTOCOL_VERSION, revision: PROTOCOL_REVISION })
  expect(PROTOCOL_VERSION_MIN).toBeLessThanOrEqual(PROTOCOL_VERSION)
})

/** The names of members, and what those that hold one of a few words hold: `type=event`, `status=partial`. */
function* vocabularyOfSchema(schema: unknown): Generator<string> {
  if (schema === null || typeof schema !== 'object') return
  const { properties = {} } = schema as { properties?: Record<string, { const?: unknown; enum?: unknown[] }> }
  for (const [name, { const: only, enum: some = [only] }] of Object.entries(properties)) {
    yield name
    for (const value of some) if (typeof value === 'string') yield `${name}=${value}`
  }
  for (const inner of Object.values(schema)) yield* vocabularyOfSchema(inner)
}

function* vocabularyOf(value: unknown): Generator<string> {
  if (value === null || typeof value !== 'object') return
  for (const [name, inner] of Object.entries(value) as [string, unknown][]) {
    yield name
    if (typeof inner === 'string') yield `${name}=${inner}`
    yield* vocabularyOf(inner)
  }
}
