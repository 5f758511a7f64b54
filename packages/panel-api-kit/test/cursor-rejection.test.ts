import { expect, test } from '@jest/globals'
import { createHttpServer, createLogger } from '@paxyo/service-kit'
import { createCursorRejection } from '../src/cursor-rejection.ts'

const CURSOR = `${'0'.repeat(32)}.7`

test('a cursor that the database does not have is retried, and is void once the database must have been restored', async () => {
  let nowMs = 0
  const ahead: boolean[] = []
  const rejectCursor = createCursorRejection({ onAhead: (isVoid) => ahead.push(isVoid), now: () => nowMs })
  const app = createHttpServer({ log: createLogger('test', 'silent'), trustProxy: false })
  for (const feed of ['/changes', '/refunds']) {
    app.get(feed, (_request, reply) => rejectCursor(reply, CURSOR, 'cursor_ahead', 'a hint'))
  }
  app.get('/expired', (_request, reply) => rejectCursor(reply, CURSOR, 'cursor_expired', 'a hint'))
  const ask = async (url: string): Promise<object> => {
    const { headers, body } = await app.inject(url)
    return { ...(JSON.parse(body) as object), retryAfter: headers['retry-after'] }
  }

  const unavailable = { status: 503, code: 'database_unavailable', retryAfter: '5' }
  expect(await ask('/changes')).toMatchObject({ ...unavailable, detail: expect.stringContaining('a former primary') })
  nowMs = 19_999
  expect(await ask('/changes')).toMatchObject(unavailable)
  nowMs = 20_000
  expect(await ask('/changes')).toMatchObject({ status: 410, code: 'cursor_void', detail: 'a hint' })
  // A cron job asks once an hour.
  nowMs = 3_600_000
  expect(await ask('/changes')).toMatchObject({ status: 410 })
  // The same position in the other feed.
  expect(await ask('/refunds')).toMatchObject(unavailable)
  expect(await ask('/expired')).toMatchObject({ status: 410, code: 'cursor_expired', detail: 'a hint' })
  expect(ahead).toEqual([false, false, true, true, false])
})
