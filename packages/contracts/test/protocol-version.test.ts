import { expect, test } from '@jest/globals'
import { createHash } from 'node:crypto'
import { z } from 'zod'
import { PROTOCOL_VERSION } from '../src/protocol-version.ts'
import { clientMessageSchema, serverMessageSchema } from '../src/wire.ts'

// What the schemas of each released version hash to. A version that clients have seen is never edited.
const SCHEMA_HASHES: Record<number, string> = {
  1: '98ff28f5d3edec0a',
}

test('the wire schemas are those of the protocol version', () => {
  const schemas = [z.toJSONSchema(clientMessageSchema), z.toJSONSchema(serverMessageSchema)]
  const hash = createHash('sha256').update(JSON.stringify(schemas)).digest('hex').slice(0, 16)

  // On failure: raise PROTOCOL_VERSION, say what changed beside it, and add the received hash above.
  expect({ version: PROTOCOL_VERSION, hash }).toEqual({
    version: PROTOCOL_VERSION,
    hash: SCHEMA_HASHES[PROTOCOL_VERSION],
  })
  expect(PROTOCOL_VERSION).toBe(Math.max(...Object.keys(SCHEMA_HASHES).map(Number)))
})
