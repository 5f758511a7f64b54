import { expect, test } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { isReconnectable } from '../src/data/close-codes.ts'
import { OPERATIONS_CLOSE_CODES } from '../src/data/operations-close-codes.ts'
import {
  operationsMessageSchema,
  operatorClientMessageSchema,
  operatorServerMessageSchema,
} from '../src/schemas/operations-message.ts'
import { findBreaks, type RecordedFrames } from './wire-compatibility.ts'

const frames = JSON.parse(readFileSync(new URL('operations-frames.json', import.meta.url), 'utf8')) as RecordedFrames
const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8')

test('a console that knows the recorded frames meets nothing that it does not expect', () => {
  const schemas = { client: operatorClientMessageSchema, server: operatorServerMessageSchema }
  expect(findBreaks(frames, schemas)).toEqual([])
})

test('the recorded frames show every type of message and every close code', () => {
  const typesOf = (options: readonly { readonly shape: { readonly type: { readonly value: string } } }[]) =>
    new Set(options.map(({ shape }) => shape.type.value))
  expect(new Set(frames.server.map(({ type }) => type))).toEqual(typesOf(operatorServerMessageSchema.options))
  expect(new Set(frames.client.map(({ type }) => type))).toEqual(typesOf(operatorClientMessageSchema.options))
  expect(frames.closes).toEqual(Object.entries(OPERATIONS_CLOSE_CODES).map(([reason, { code }]) => ({ code, reason })))
})

test('a console receives unchanged what webhook-ingest publishes', () => {
  const published = frames.server.filter((frame) => operationsMessageSchema.safeParse(frame).success)
  expect(new Set(published.map(({ type }) => type))).toEqual(new Set(['batch', 'endpoint']))
  for (const frame of published) expect(operatorServerMessageSchema.parse(frame)).toEqual(frame)
})

test("the README lists every close code of an operator's socket", () => {
  for (const [name, { code, meaning }] of Object.entries(OPERATIONS_CLOSE_CODES)) {
    expect(readme).toContain(`| ${code} | \`${name}\` | ${isReconnectable(code) ? 'yes' : 'no'} | ${meaning} |`)
  }
})
