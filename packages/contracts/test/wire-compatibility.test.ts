import { describe, expect, test } from '@jest/globals'
import { z } from 'zod'
import { explainChange } from './explain-change.ts'
import { findBreaks, type RecordedFrames, type WireSchemas } from './wire-compatibility.ts'

const order = z.object({ orderId: z.string(), status: z.enum(['pending', 'partial']), remains: z.int().nullable() })
const account = z.object({ balance: z.string() })
const hello = z.object({ type: z.literal('hello'), token: z.string(), resume: z.object({ seq: z.int() }).optional() })
const welcome = z.object({ type: z.literal('welcome'), seq: z.int(), orders: z.array(order).optional() })
const event = z.object({ type: z.literal('event'), event: z.literal('order.updated'), order, account })

const ORDER = { orderId: 'A', status: 'partial', remains: null }
const FRAMES: RecordedFrames = {
  client: [
    { type: 'hello', token: 't' },
    { type: 'hello', token: 't', resume: { seq: 1 } },
  ],
  server: [
    { type: 'welcome', seq: 0 },
    { type: 'welcome', seq: 1, orders: [ORDER, { ...ORDER, remains: 3 }] },
    { type: 'event', event: 'order.updated', order: ORDER, account: { balance: '1' } },
    { type: 'event', event: 'order.updated', order: { ...ORDER, remains: 3 }, account: { balance: '1' } },
  ],
  closes: [],
}

const breaksOf = (changed: Partial<WireSchemas>): string[] =>
  findBreaks(FRAMES, { client: hello, server: z.union([welcome, event]), ...changed })
const withOrder = (changed: z.ZodType): Partial<WireSchemas> => ({
  server: z.union([welcome.extend({ orders: z.array(changed).optional() }), event.extend({ order: changed })]),
})

describe('a change is additive that', () => {
  test.each<[string, Partial<WireSchemas>]>([
    ['is none', {}],
    ['adds an optional member', { server: z.union([welcome.extend({ minProtocol: z.int().optional() }), event]) }],
    ['adds an optional member far inside', withOrder(order.extend({ note: z.string().optional() }))],
    ['adds a type of message', { server: z.union([welcome, event, z.object({ type: z.literal('delayed') })]) }],
    ['adds a kind of event', { server: z.union([welcome, event, event.extend({ event: z.literal('order.new') })]) }],
    ['adds a status', withOrder(order.extend({ status: z.enum(['pending', 'partial', 'in_review']) }))],
    ['lets a client say more', { client: hello.extend({ tab: z.int().optional() }) }],
    ['lets a client say less', { client: hello.extend({ token: z.string().optional() }) }],
  ])('%s', (_name, changed) => {
    expect(breaksOf(changed)).toEqual([])
  })
})

describe('a change is breaking that', () => {
  test.each<[string, Partial<WireSchemas>, string]>([
    ['demands more of a client', { client: hello.extend({ tab: z.int() }) }, 'client hello: is rejected'],
    ['takes a member away', withOrder(order.omit({ remains: true })), 'server welcome: orders[].remains is gone'],
    ['takes a type away', { server: welcome }, 'server event order.updated: is rejected'],
    ['demands a new member', { server: z.union([welcome.extend({ at: z.string() }), event]) }, 'is rejected'],
    [
      'sends a member only sometimes',
      { server: z.union([welcome, event.extend({ account: account.optional() })]) },
      'server event order.updated: account may be absent now',
    ],
    [
      'sends a null where none was',
      { server: z.union([welcome.extend({ seq: z.int().nullable() }), event]) },
      'server welcome: seq may be null now',
    ],
    [
      'sends a fraction where integers were',
      withOrder(order.extend({ remains: z.number().nullable() })),
      'server event order.updated: order.remains may be a fraction now',
    ],
    [
      'sends another type far inside',
      withOrder(order.extend({ orderId: z.union([z.string(), z.int()]) })),
      'server welcome: orders[].orderId may be an integer now',
    ],
  ])('%s', (_name, changed, found) => {
    expect(breaksOf(changed)).toContainEqual(expect.stringContaining(found))
  })
})

describe('what is to be done', () => {
  const history = [{ version: 1, revision: 3, schemaHash: 'old', change: '' }]
  const change = { version: 1, versionMin: 1, history, schemaHash: 'new', breaks: [] }

  test('is nothing when the history is up to date', () => {
    expect(explainChange({ ...change, schemaHash: 'old' })).toBe('')
  })

  test('is an entry of the same version after an additive change', () => {
    const explanation = explainChange(change)
    expect(explanation).toMatch(/^ADDITIVE.*\nLeave PROTOCOL_VERSION at 1\./)
    expect(explanation).toContain("{ version: 1, revision: 4, schemaHash: 'new', change: '…' }")
    expect(explanation).toContain('test/frames/1.4.json')
  })

  test('is a new version after a breaking one, which is named', () => {
    const explanation = explainChange({ ...change, breaks: ['server welcome: seq is gone'] })
    expect(explanation).toMatch(/^BREAKING.*\n {2}- server welcome: seq is gone\n/)
    expect(explanation).toContain('raise PROTOCOL_VERSION to 2')
    expect(explanation).toContain("{ version: 2, revision: 0, schemaHash: 'new', change: '…' }")
  })

  test('is its first entry once the version was raised', () => {
    const explanation = explainChange({ ...change, version: 2, breaks: [] })
    expect(explanation).toContain("{ version: 2, revision: 0, schemaHash: 'new', change: '…' }")
    expect(explanation).toContain('Record frames that show everything in test/frames/2.0.json')
  })
})
