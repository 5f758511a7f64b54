import { afterEach, describe, expect, test } from '@jest/globals'
import { connect, type Client, type ConnectOptions } from '@paxyo/browser-client'
import { eventually } from '@paxyo/testkit'
import { event, startScriptedServer, welcome } from './scripted-server.ts'

/** What a browser may lack or forbid. `WebSocket` is what the client is for, and has its own test. */
const GLOBALS = [
  'navigator',
  'navigator.locks',
  'navigator.onLine',
  'navigator.connection',
  'BroadcastChannel',
  'crypto',
  'crypto.randomUUID',
  'sessionStorage',
  'localStorage',
  'document',
  'window',
  'location',
  'atob',
  'TextDecoder',
] as const

const forbidden = (): never => {
  throw new DOMException('The operation is insecure.', 'SecurityError')
}

/** What happens to a global: the property that replaces it. */
const FAULTS: Readonly<Record<string, PropertyDescriptor>> = {
  'is missing': { value: undefined },
  'is null': { value: null },
  'throws when it is read': { get: forbidden },
  'throws when it is used': { value: new Proxy(function () {}, { apply: forbidden, construct: forbidden }) },
}

const restores: (() => void)[] = []
afterEach(() => {
  for (const restore of restores.splice(0)) restore()
})

function replace(path: string, property: PropertyDescriptor): void {
  const [name, member] = path.split('.') as [string, string?]
  const holder = (member === undefined ? globalThis : Reflect.get(globalThis, name)) as object
  const key = member ?? name
  const before = Object.getOwnPropertyDescriptor(holder, key)
  Object.defineProperty(holder, key, { ...property, configurable: true })
  restores.push(() => {
    if (before === undefined) Reflect.deleteProperty(holder, key)
    else Object.defineProperty(holder, key, before)
  })
}

/** Connects, receives, and closes, as every page does. */
async function live(options: Partial<ConnectOptions>): Promise<(number | string)[]> {
  await using server = await startScriptedServer((say) => [welcome(4), event(5)].forEach(say))
  const seen: (number | string)[] = []
  let client: Client | undefined
  try {
    client = connect({ url: server.url, token: 'a.b.c', userId: 'ann', resumeOverReload: true, ...options })
    client.on('snapshot', ({ position }) => seen.push(`snapshot@${position.seq}`))
    client.on('account', ({ seq }) => seen.push(seq))
    await eventually(() => client!.status.state === 'live' && client!.position?.seq === 5)
  } finally {
    client?.close()
  }
  expect(client.status.state).toBe('closed')
  return seen
}

describe.each(GLOBALS)('where %s', (path) => {
  test.each(Object.keys(FAULTS))('%s, a page is live', async (fault) => {
    replace(path, FAULTS[fault]!)
    expect(await live({ share: 'tabs' })).toEqual(['snapshot@4', 5])
  })
})

test('where nothing of a browser exists but the WebSocket, a client is live', async () => {
  for (const path of GLOBALS) if (!path.includes('.')) replace(path, { value: undefined })
  expect(await live({})).toEqual(['snapshot@4', 5])
})

test.each(['is missing', 'throws when it is used'])(
  'where WebSocket %s, a client that must use it says so and is closed',
  async (fault) => {
    replace('WebSocket', FAULTS[fault]!)
    const client = connect({ url: 'ws://127.0.0.1:1/ws', token: 'a.b.c', transport: 'websocket' })
    await eventually(() => client.status.state === 'closed')
    const code = fault === 'is missing' ? 'no_websocket' : 'url_rejected'
    expect(client.status.error).toMatchObject({ code, final: true })
  },
)
