import { afterEach, describe, expect, test } from '@jest/globals'
import { ClientError, connect, type Client, type ClientEvent, type ConnectOptions } from '@paxyo/browser-client'
import { CLOSE_CODES, isReconnectable } from '@paxyo/contracts'
import { eventually } from '@paxyo/testkit'
import { setTimeout as sleep } from 'node:timers/promises'
import type { WebSocket } from 'ws'
import { event, startScriptedServer, welcome, type ScriptedServer } from './scripted-server.ts'

const clients: Client[] = []
function open(server: ScriptedServer, options: Partial<ConnectOptions> = {}): Client {
  const client = connect({ url: server.url, token: 'a.b.c', share: 'none', ...options })
  clients.push(client)
  return client
}
afterEach(() => {
  for (const client of clients.splice(0)) client.close()
})

function follow(client: Client) {
  const seen: (number | string)[] = []
  client.on('snapshot', ({ position }) => seen.push(`snapshot@${position.seq}`))
  client.on('account', ({ seq }) => seen.push(seq))
  return seen
}

describe('what reaches the application', () => {
  test('duplicates are dropped, and a gap is filled by coming back and resuming', async () => {
    await using server = await startScriptedServer((say, _socket, visit) => {
      if (visit === 0) for (const message of [welcome(4), event(5), event(5), event(4), event(8)]) say(message)
      else for (const message of [welcome(5, { mode: 'resumed' }), event(6), event(7), event(8)]) say(message)
    })
    const client = open(server)
    const seen = follow(client)
    await eventually(() => client.position?.seq === 8)
    expect(seen).toEqual(['snapshot@4', 5, 6, 7, 8])
    expect(server.hellos).toMatchObject([{ token: 'a.b.c' }, { resume: { epoch: 'e', seq: 5 } }])
    client.close()
  })

  test('an epoch that has changed brings a snapshot, also to a lower seq', async () => {
    await using server = await startScriptedServer((say, socket, visit) => {
      say(visit === 0 ? welcome(9) : welcome(2, { epoch: 'f' }))
      if (visit === 0) socket.close(4005, 'unavailable')
      else say(event(3))
    })
    const client = open(server)
    const seen = follow(client)
    await eventually(() => client.position?.seq === 3)
    expect(seen).toEqual(['snapshot@9', 'snapshot@2', 3])
    expect(client.position).toEqual({ epoch: 'f', seq: 3 })
    client.close()
  })

  test('a refund is emitted with its order, in order', async () => {
    const order = { orderId: 'A-1', status: 'canceled' }
    const refund = { refundId: 'r', amount: '2.5', currency: 'USD' }
    await using server = await startScriptedServer((say) => {
      say(welcome(0))
      say({ ...event(1), event: 'order.updated', order, refund })
    })
    const client = open(server)
    const types: string[] = []
    for (const type of ['order', 'refund', 'account'] as const) client.on(type, (received) => types.push(received.type))
    const emitted = new Promise((resolve) => client.on('refund', resolve))
    expect(await emitted).toEqual({ type: 'refund', refund, order, seq: 1, at: event(1).at })
    expect(types).toEqual(['order', 'refund', 'account'])
    client.close()
  })

  test('the debug log has what the client does, and no token, order or amount', async () => {
    const order = { orderId: 'A-1', status: 'canceled', service: 'a secret service' }
    await using server = await startScriptedServer((say, socket, visit) => {
      say(welcome(0, visit === 0 ? {} : { mode: 'resumed' }))
      say({ ...event(1), event: 'order.updated', order })
      if (visit === 0) socket.close(4005, 'unavailable')
    })
    const lines: string[] = []
    const debug = (message: string, details: object): void => void lines.push(`${message} ${JSON.stringify(details)}`)
    const client = open(server, { token: 'secret.token.value', debug })
    await eventually(() => server.hellos.length === 2 && client.status.state === 'live')
    client.close()
    expect(lines).toEqual(
      expect.arrayContaining([
        'link opening {"kind":"websocket"}',
        'joining → live {"input":"welcome","failures":0}',
        'welcome {"mode":"snapshot","seq":0}',
        'event {"event":"order.updated","seq":1,"placement":"next"}',
        'link ended {"kind":"websocket","code":4005,"reason":"unavailable"}',
        'status {"state":"closed","isOfAnotherTab":false}',
      ]),
    )
    expect(lines.join('\n')).not.toMatch(/secret|A-1/)
  })

  test('a frame that makes no sense is a reason to come back; a type that is not known is not', async () => {
    await using server = await startScriptedServer((say, _socket, visit) => {
      say(welcome(1, visit === 0 ? {} : { mode: 'resumed' }))
      say('{"type":"greeting"}')
      say(visit === 0 ? 'nonsense' : event(2))
    })
    const client = open(server)
    const codes: (string | undefined)[] = []
    client.on('status', ({ status }) => codes.push(status.error?.code))
    await eventually(() => client.position?.seq === 2)
    expect([...new Set(codes)]).toEqual([undefined, 'bad_message'])
    expect(server.hellos).toHaveLength(2)
    client.close()
  })

  test('an event of a kind that it does not know advances the position and is handed on as it came', async () => {
    const archived = {
      ...event(1),
      event: 'order.archived',
      order: { orderId: 'A-1', status: 'archived' },
      note: 'old',
    }
    const { account: _account, ...seen } = { ...event(2), event: 'device.seen' }
    await using server = await startScriptedServer((say, socket, visit) => {
      if (visit === 0) for (const message of [welcome(0), archived, seen]) say(message)
      if (visit === 0) socket.close(4005, 'unavailable')
      else for (const message of [welcome(2, { mode: 'resumed' }), event(3)]) say(message)
    })
    const client = open(server)
    const emitted: ClientEvent[] = []
    for (const type of ['event', 'order', 'refund', 'account'] as const) client.on(type, (what) => emitted.push(what))
    await eventually(() => client.position?.seq === 3)
    const { at, account } = archived
    expect(emitted).toEqual([
      { type: 'event', event: 'order.archived', seq: 1, at, account, data: archived },
      { type: 'account', seq: 1, account },
      { type: 'event', event: 'device.seen', seq: 2, at, account: undefined, data: seen },
      { type: 'account', seq: 3, account: event(3).account },
    ])
    expect(server.hellos[1]).toMatchObject({ resume: { epoch: 'e', seq: 2 } })
  })

  test('a status that it does not know is passed on like any other', async () => {
    const order = { orderId: 'A-1', status: 'in_review' }
    await using server = await startScriptedServer((say) => {
      say(welcome(0, { orders: [order] }))
      say({ ...event(1), event: 'order.updated', order })
    })
    const client = open(server)
    const statuses: string[] = []
    client.on('snapshot', ({ orders }) => statuses.push(...orders.map(({ status }) => status)))
    client.on('order', ({ order: { status } }) => statuses.push(status))
    await eventually(() => client.position?.seq === 1)
    expect(statuses).toEqual(['in_review', 'in_review'])
  })

  test.each([{ protocol: 2, minProtocol: 1 }, { protocol: 7 }, { protocol: 1, minProtocol: 1 }])(
    'a server that still serves its protocol, of whatever version it is: %j',
    async (versions) => {
      await using server = await startScriptedServer((say) => say(welcome(1, versions)))
      const client = open(server)
      await eventually(() => client.status.state === 'live')
      expect(client.position).toEqual({ epoch: 'e', seq: 1 })
    },
  )

  test('what an abandoned socket still says does not disturb the new one', async () => {
    let abandoned: WebSocket | undefined
    await using server = await startScriptedServer((say, socket, visit) => {
      say(welcome(1, visit === 0 ? {} : { mode: 'resumed' }))
      if (visit > 0) return abandoned?.terminate()
      say(event(3))
      // It does not respond to the closing handshake, so that the socket ends late.
      abandoned = socket
      socket.pause()
    })
    const client = open(server)
    await eventually(() => server.hellos.length === 2 && client.status.state === 'live')
    await sleep(1_500)
    expect(server.hellos).toHaveLength(2)
    expect(client.status.state).toBe('live')
  })

  test('a removed listener hears no more', async () => {
    await using server = await startScriptedServer((say) => [welcome(0), event(1), event(2)].forEach(say))
    const client = open(server)
    const seen: number[] = []
    const abort = new AbortController()
    const remove = client.on('account', ({ seq }) => (seen.push(seq), remove()))
    client.on('account', ({ seq }) => (seen.push(seq * 10), abort.abort()), { signal: abort.signal })
    await eventually(() => client.position?.seq === 2)
    expect(seen).toEqual([1, 10])
    client.close()
  })
})

test('a listener that takes another in its place hears of each event once', async () => {
  await using server = await startScriptedServer((say) => [welcome(0), event(1), event(2)].forEach(say))
  const client = open(server)
  const seen: number[] = []
  const listenOnce = (): void => {
    const remove = client.on('account', ({ seq }) => {
      remove()
      seen.push(seq)
      if (seen.length < 10) listenOnce()
    })
  }
  listenOnce()
  await eventually(() => client.position?.seq === 2)
  expect(seen).toEqual([1, 2])
})

test('where storage is forbidden a page that wants its position kept begins with a snapshot', async () => {
  await using server = await startScriptedServer((say) => say(welcome(3)))
  const forbidden = (): never => {
    throw new DOMException('Access is denied for this document.', 'SecurityError')
  }
  Object.defineProperty(globalThis, 'sessionStorage', { configurable: true, get: forbidden })
  const client = open(server, { resumeOverReload: true })
  Reflect.deleteProperty(globalThis, 'sessionStorage')
  const seen = follow(client)
  await eventually(() => client.status.state === 'live')
  expect(seen).toEqual(['snapshot@3'])
})

/** The first retry comes within a second. A client that does not retry cannot say so earlier. */
const longerThanARetry = (): Promise<void> => sleep(1_100)

describe('the end', () => {
  const finalCodes = Object.entries(CLOSE_CODES).filter(([, { code }]) => !isReconnectable(code))
  test('after a final code it does not come back', async () => {
    const isFinal = async ([name, { code, meaning }]: (typeof finalCodes)[number]): Promise<number> => {
      await using server = await startScriptedServer((say, socket) => {
        say({ type: 'error', code: name, message: meaning })
        socket.close(code, name)
      })
      const client = open(server)
      await eventually(() => client.status.state === 'closed')
      expect(client.status.error).toMatchObject({ code: name, message: meaning, final: true })
      await longerThanARetry()
      return server.hellos.length
    }
    expect(await Promise.all(finalCodes.map(isFinal))).toEqual(finalCodes.map(() => 1))
  })

  const otherCodes = Object.entries(CLOSE_CODES).filter(
    // The first two need a new token; the third takes a minute.
    ([name, { code }]) =>
      isReconnectable(code) && !['token_expired', 'token_revoked', 'connection_limit'].includes(name),
  )
  test.each(otherCodes)('%s is not', async (name, { code }) => {
    await using server = await startScriptedServer((say, socket, visit) => {
      if (visit === 0) socket.close(code, name)
      else say(welcome(1))
    })
    const client = open(server)
    const errors: unknown[] = []
    client.on('status', ({ status }) => status.error && errors.push(status.error.code))
    await eventually(() => client.status.state === 'live')
    expect(new Set(errors)).toEqual(new Set([name]))
    client.close()
  })

  test('connection_limit is not either, but takes a while', async () => {
    await using server = await startScriptedServer((_say, socket) => socket.close(4008, 'connection_limit'))
    const client = open(server)
    await eventually(() => client.status.error !== undefined)
    expect(client.status).toMatchObject({ state: 'connecting', error: { code: 'connection_limit', final: false } })
    const waitMs = client.status.retryAtMs! - Date.now()
    expect(waitMs).toBeGreaterThan(40_000)
    expect(waitMs).toBeLessThanOrEqual(90_000)
  })

  test('a token that has expired is replaced, and is the end where it can not be', async () => {
    await using server = await startScriptedServer((say, socket, visit) => {
      if (visit === 0) socket.close(4004, 'token_expired')
      else say(welcome(1))
    })
    const reasons: string[] = []
    const client = open(server, { getToken: ({ reason }) => (reasons.push(reason), 'a.new.one') })
    await eventually(() => client.status.state === 'live')
    expect(reasons).toEqual(['expired'])
    expect(server.hellos.map(({ token }) => token)).toEqual(['a.b.c', 'a.new.one'])
    client.close()

    await using strict = await startScriptedServer((_say, socket) => socket.close(4004, 'token_expired'))
    const helpless = open(strict)
    await eventually(() => helpless.status.state === 'closed')
    expect(helpless.status.error).toMatchObject({ code: 'token_expired', final: true })
  })

  test('a refresh that the server rejects does not end a live connection, and is not why it ends later', async () => {
    const jwt = (more: object): string => `a.${btoa(JSON.stringify({ sub: 7, ...more }))}.c`
    const nowS = Math.floor(Date.now() / 1000)
    await using server = await startScriptedServer((say, socket, visit) => {
      say(welcome(1, { userId: '7', mode: visit === 0 ? 'snapshot' : 'resumed' }))
      socket.on('message', (data: Buffer) => {
        if (!data.includes('"refresh"')) return
        say({ type: 'error', code: 'invalid_token', message: 'bad', request: 'refresh' })
        say(event(2))
      })
    })
    const asked: string[] = []
    const client = open(server, {
      // To be renewed after three seconds.
      token: jwt({ iat: nowS, exp: nowS + 4 }),
      getToken: ({ reason }) => (asked.push(reason), jwt({ iat: nowS, exp: nowS + 600, n: asked.length })),
    })
    const errors: unknown[] = []
    client.on('status', ({ status }) => errors.push(status.error))
    await eventually(() => asked.length === 2)
    expect(client.position?.seq).toBe(2)
    expect(client.status).toMatchObject({ state: 'live', error: undefined })
    expect(errors).toEqual([undefined])
    expect(server.hellos).toHaveLength(1)
  })

  test('a server that no longer serves its protocol, and a user that it was not meant for', async () => {
    await using newer = await startScriptedServer((say) => say(welcome(1, { protocol: 2, minProtocol: 2 })))
    const old = open(newer)
    const seen = follow(old)
    await eventually(() => old.status.state === 'closed')
    expect(old.status.error).toMatchObject({ code: 'protocol_version', final: true })

    await using other = await startScriptedServer((say) => say(welcome(1, { userId: 'bob' })))
    const anns = open(other, { userId: 'ann' })
    anns.on('snapshot', () => seen.push('somebody else'))
    await eventually(() => anns.status.state === 'closed')
    expect(anns.status.error).toMatchObject({ code: 'wrong_user', final: true })
    expect(seen).toEqual([])
  })

  test('getToken is tried again, until it says that there will be none', async () => {
    await using server = await startScriptedServer((say) => say(welcome(1)))
    let asked = 0
    const getToken = (): string => {
      asked += 1
      if (asked === 1) throw new Error('no network')
      throw new ClientError('signed_out', 'the session is over', { final: true })
    }
    const client = connect({ url: server.url, getToken, share: 'none' })
    const errors: unknown[] = []
    client.on('status', ({ status }) => errors.push(status.error?.code))
    await eventually(() => client.status.state === 'closed')
    expect([...new Set(errors)]).toEqual(['token_failed', 'signed_out'])
    expect(server.hellos).toEqual([])
  })

  test('close and the signal end it; nothing is emitted afterwards', async () => {
    await using server = await startScriptedServer((say) => {
      say(welcome(0))
      say(event(1))
      say(event(2))
    })
    const client = open(server)
    const seen = follow(client)
    client.on('account', () => client.close())
    await eventually(() => client.status.state === 'closed')
    await sleep(50)
    expect(seen).toEqual(['snapshot@0', 1])
    expect(client.status.error).toBeUndefined()

    const abort = new AbortController()
    const aborted = open(server, { signal: abort.signal })
    await eventually(() => aborted.status.state === 'live')
    abort.abort()
    expect(aborted.status.state).toBe('closed')
    const late = open(server, { signal: AbortSignal.abort() })
    await eventually(() => late.status.state === 'closed')
    expect(server.hellos).toHaveLength(2)
  })
})

describe('as an async iterable', () => {
  test('it yields everything, and ends when the client is closed', async () => {
    await using server = await startScriptedServer((say) => {
      say(welcome(0))
      say(event(1))
    })
    const client = open(server)
    const emitted: ClientEvent[] = []
    for await (const each of client) {
      emitted.push(each)
      if (each.type === 'account') client.close()
    }
    expect(emitted.map(({ type }) => type)).toEqual(['snapshot', 'status', 'account', 'status'])
  })

  test('it throws why the client could not go on', async () => {
    await using server = await startScriptedServer((_say, socket) => socket.close(4500, 'invalid_token'))
    const loop = async (): Promise<void> => {
      for await (const each of open(server)) expect(each.type).toBe('status')
    }
    await expect(loop()).rejects.toMatchObject({ name: 'ClientError', code: 'invalid_token' })
  })

  test('a loop that falls too far behind is ended with an error, and the client goes on', async () => {
    await using server = await startScriptedServer((say) => {
      say(welcome(0))
      for (let seq = 1; seq <= 1_200; seq += 1) say(event(seq))
    })
    const client = open(server)
    const loop = async (): Promise<void> => {
      for await (const each of client) {
        expect(each.type).toBe('snapshot')
        await eventually(() => client.position?.seq === 1_200)
      }
    }
    await expect(loop()).rejects.toMatchObject({ code: 'slow_consumer' })
    expect(client.status.state).toBe('live')
    client.close()
  })
})

test.each([
  [{ url: 'wss://rt.example.com/ws' }, 'token or getToken is needed'],
  [{ url: 'ftp://rt.example.com/ws', token: 'a' }, 'is not a WebSocket URL'],
  [{ url: '/ws', token: 'a' }, 'Invalid URL'],
])('options that make no sense are refused at once: %j', (options, message) => {
  expect(() => connect(options)).toThrow(message)
})
