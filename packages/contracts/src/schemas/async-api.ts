import { z } from 'zod'
import { CLOSE_CODES, isReconnectable } from '../data/close-codes.ts'
import { PROTOCOL_REVISION, PROTOCOL_VERSION } from '../data/protocol-version.ts'
import { descriptionsOnly } from './descriptions-only.ts'
import { clientMessageSchema, serverMessageSchema } from './wire.ts'

type Side = 'client' | 'server'
type JsonObject = Readonly<Record<string, unknown>>

const SCHEMAS: Readonly<Record<Side, z.ZodType>> = { client: clientMessageSchema, server: serverMessageSchema }

const DESCRIPTION = `JSON text messages between a client and a gateway. A client ignores unknown members, unknown types of
messages and unknown kinds of events, and interprets close codes by their range. The rules are in packages/contracts/README.md.`

/**
 * The messages of one side, as a JSON Schema.
 *
 * @example
 * messageJsonSchema('client').title //=> 'ClientMessage'
 */
export function messageJsonSchema(side: Side): JsonObject {
  const title = side === 'client' ? 'ClientMessage' : 'ServerMessage'
  // Draft 7 is what AsyncAPI's own schema format is based on.
  return {
    title,
    ...(z.toJSONSchema(SCHEMAS[side], { target: 'draft-7', io: 'input', metadata: descriptionsOnly }) as JsonObject),
  }
}

/**
 * The wire protocol as an AsyncAPI 3 document, generated from the schemas.
 *
 * @example
 * asyncApiDocument().asyncapi //=> '3.0.0'
 */
export function asyncApiDocument(): JsonObject {
  const names = { client: messageNames('client'), server: messageNames('server') }
  const all = [...names.client, ...names.server]
  const channel = (address: string, description: string): JsonObject => ({
    address,
    description,
    messages: Object.fromEntries(all.map((name) => [name, { $ref: `#/components/messages/${name}` }])),
  })
  const operation = (action: 'send' | 'receive', of: string, side: Side): JsonObject => ({
    action,
    channel: { $ref: `#/channels/${of}` },
    messages: names[side].map((name) => ({ $ref: `#/channels/${of}/messages/${name}` })),
  })
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Paxyo Realtime, wire protocol',
      version: `${PROTOCOL_VERSION}.${PROTOCOL_REVISION}.0`,
      description: DESCRIPTION,
    },
    defaultContentType: 'application/json',
    channels: {
      websocket: {
        ...channel('/ws', 'A WebSocket: one text frame for each message.'),
        bindings: { ws: { method: 'GET' } },
      },
      stream: channel(
        '/stream',
        'POST, for networks that block WebSockets. The body is hello, with other messages on the lines after it; ' +
          'the response has one server-sent event for each message, and one of the type `close` with the close code.',
      ),
    },
    // As the gateway does them.
    operations: {
      receiveOnWebSocket: operation('receive', 'websocket', 'client'),
      sendOnWebSocket: operation('send', 'websocket', 'server'),
      receiveOnStream: operation('receive', 'stream', 'client'),
      sendOnStream: operation('send', 'stream', 'server'),
    },
    components: { messages: { ...componentMessages('client'), ...componentMessages('server') } },
    'x-close-codes': Object.entries(CLOSE_CODES).map(([reason, { code, meaning }]) => {
      return { code, reason, meaning, reconnect: isReconnectable(code) }
    }),
  }
}

/** The schemas of the messages of one side, by `client.hello`, `server.event.order.updated`. */
function messagesOf(side: Side): Map<string, JsonObject> {
  const messages = new Map<string, JsonObject>()
  for (const schema of alternatives(messageJsonSchema(side))) {
    const { type, event } = schema['properties'] as Record<string, { readonly const?: string } | undefined>
    messages.set([side, type?.const, event?.const].filter((part) => part !== undefined).join('.'), schema)
  }
  return messages
}

/** Unions are `anyOf` or `oneOf`, one within another. */
function alternatives(schema: JsonObject): JsonObject[] {
  const inner = (schema['oneOf'] ?? schema['anyOf']) as readonly JsonObject[] | undefined
  return inner === undefined ? [schema] : inner.flatMap(alternatives)
}

const messageNames = (side: Side): string[] => [...messagesOf(side).keys()]

function componentMessages(side: Side): JsonObject {
  return Object.fromEntries([...messagesOf(side)].map(([name, payload]) => [name, { name, payload }]))
}
