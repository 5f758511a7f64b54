import { expect, test } from '@jest/globals'
import { createInProcessBus } from '@paxyo/event-bus'
import { createPool } from '@paxyo/database'
import { createHttpServer } from '@paxyo/service-kit'
import { pino } from 'pino'
import { createIngest } from '../../../src/ingest.ts'
import { GODOFPANEL, anOrder } from '../../ingest-fixture.ts'

test('without its database every request is told to come back', async () => {
  const log = pino({ level: 'silent' })
  const pool = createPool({ url: 'postgres://me@127.0.0.1:1/paxyo', role: 'ingest', name: 'test', max: 2 })
  const bus = createInProcessBus()
  const ingest = createIngest({
    pool,
    publisher: bus.connectPublisher(),
    bus,
    providers: [GODOFPANEL],
    verifiesRefunds: false,
    apiKeys: ['a-panel-api-key'],
    tokens: { secrets: ['at-least-32-bytes-of-a-secret-value'], audience: 'paxyo' },
    hasDocs: false,
    log,
  })
  const app = createHttpServer({ log, trustProxy: false })
  ingest.register(app)
  const call = (method: 'GET' | 'POST' | 'PATCH' | 'DELETE', url: string, payload?: object, key = 'a-panel-api-key') =>
    app.inject({
      method,
      url,
      headers: { authorization: `Bearer ${key}`, 'idempotency-key': 'k' },
      ...(payload === undefined ? {} : { payload }),
    })

  const responses = await Promise.all([
    call('POST', '/v1/orders', anOrder()),
    call('POST', '/v1/orders/bulk', { orders: [anOrder()] }),
    call('GET', '/v1/orders'),
    call('GET', '/v1/orders/A-1'),
    call('POST', '/v1/accounts', { userId: 'a', currency: 'USD' }),
    call('GET', '/v1/accounts/a'),
    call('POST', '/v1/accounts/a/deposits', { amount: '1', currency: 'USD' }),
    call('GET', '/v1/accounts/a/ledger'),
    // A token that could not be recorded is not sent.
    call('POST', '/v1/tokens', { userId: 'a' }),
    // A key that would have to be looked up in the database.
    call('GET', '/v1/orders', undefined, `pxk_0123456789ab_${'x'.repeat(43)}`),
  ])
  for (const response of responses) {
    expect(response.json()).toMatchObject({ status: 503, code: 'database_unavailable' })
    expect(response.headers['retry-after']).toBe('5')
  }
  expect((await call('GET', '/v1/orders', undefined, 'wrong')).statusCode).toBe(401)
  await app.close()
  await ingest.close()
  await pool.end()
})
