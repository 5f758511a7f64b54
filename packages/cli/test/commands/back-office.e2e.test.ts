import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import {
  createTestDatabase,
  eventually,
  freePort,
  sharedRedisUrl,
  startService,
  type ServiceProcess,
  type TestDatabase,
} from '@paxyo/testkit'
import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { paxyo } from '../paxyo.ts'

const KEY = 'a-panel-api-key'

let database: TestDatabase
let ingest: ServiceProcess
let env: Record<string, string>
beforeAll(async () => {
  database = await createTestDatabase()
  ingest = await startService('webhook-ingest', {
    DATABASE_URL: database.url,
    REDIS_URL: sharedRedisUrl(),
    CHANNEL_PREFIX: `${randomUUID()}:`,
    WEBHOOK_TOKENS: 'a-webhook-token',
    PANEL_API_KEYS: KEY,
    REVIEW_REFUNDS_ABOVE: 'GBP:1',
  })
  env = { PAXYO_URL: ingest.url, PAXYO_API_KEY: KEY }
  for (let n = 1; n <= 3; n += 1) {
    await post('/v1/orders', { ...AN_ORDER, orderId: `A-${n}`, providerOrderId: `${n}`, userId: `user-${n}` })
  }
  await post('/webhooks/godofpanel/a-webhook-token', { order_id: '1', status: 'Canceled' })
  await post('/webhooks/godofpanel/a-webhook-token', { order_id: '2', status: 'Partial', remains: 300 })
  await post('/webhooks/godofpanel/a-webhook-token', { order_id: '3', status: 'Partial' })
  await post('/webhooks/godofpanel/a-webhook-token', { order_id: '3', status: 'Zaplanowano' })
  await post('/webhooks/godofpanel/a-webhook-token', { order_id: '9', status: 'Canceled' })
})
afterAll(async () => {
  await ingest.end('SIGKILL')
  await database[Symbol.asyncDispose]()
})

const AN_ORDER = { service: 'followers', link: '=cmd', quantity: 1000, charge: '2.5', currency: 'USD' }

async function post(path: string, body: object): Promise<void> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${KEY}` }
  const response = await fetch(`${ingest.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) })
  if (!response.ok) throw new Error(await response.text())
}

describe('refunds', () => {
  test('a list, and from where it ended', async () => {
    const first = await paxyo(['refunds', 'list', '--limit', '1', '--json'], env)
    const { data, cursor } = first.json() as { data: { orderId: string; amount: string }[]; cursor: string }
    expect(data).toMatchObject([{ orderId: 'A-1', amount: '2.5' }])
    const { stdout } = await paxyo(['refunds', 'list', '--after', cursor], env)
    expect(stdout).toMatch(
      /^\S+Z +A-2 +user-2 +0\.75 USD +0\.75 in total +\S+\n1 refunds; continue with --after \S+\n$/,
    )
  })

  test('an export as CSV and as NDJSON, to be gone on with', async () => {
    const csv = await paxyo(['refunds', 'export'], env)
    const lines = csv.stdout.trim().split('\n')
    expect(lines[0]).toBe(
      'position,refundId,at,orderId,providerOrderId,userId,amount,currency,orderRefunded,balanceAfter',
    )
    expect(lines.slice(1).map((line) => line.split(',').slice(3))).toEqual([
      ['A-1', '1', 'user-1', '2.5', 'USD', '2.5', '2.5'],
      ['A-2', '2', 'user-2', '0.75', 'USD', '0.75', '0.75'],
    ])
    const [, cursor] = /--after (\S+)/.exec(csv.stderr)!
    const rest = await paxyo(['refunds', 'export', '--format', 'ndjson', '--after', cursor!], env)
    expect([rest.stdout, rest.stderr]).toEqual(['', expect.stringContaining('0 refunds')])
  })
})

describe('reviews', () => {
  test('are listed, shown and resolved once', async () => {
    const open = (await paxyo(['reviews', 'list', '--json'], env)).json() as { reviewId: string; reason: string }[]
    expect(open.map(({ reason }) => reason).toSorted()).toEqual(['remains_missing', 'unknown_status'])
    const { reviewId } = open.find(({ reason }) => reason === 'remains_missing')!

    const shown = await paxyo(['reviews', 'show', reviewId], env)
    expect(shown.stdout).toMatch(
      /reason +remains_missing: The order is partial[^]*order is pending[^]*the provider sent .*Partial/,
    )

    const note = 'The provider said so on the phone.'
    const resolve = [
      'reviews',
      'resolve',
      reviewId,
      '--refund',
      '0.5',
      '--status',
      'partial',
      '--note',
      note,
      '--by',
      'Ann',
    ]
    expect((await paxyo(resolve, env)).stdout).toMatch(/refund by Ann.*The provider said so[^]*refunded +0\.5 USD/)
    const again = await paxyo(resolve, env)
    expect([again.code, again.stderr]).toEqual([5, expect.stringContaining('(review_resolved)')])

    const other = open.find(({ reason }) => reason === 'unknown_status')!.reviewId
    expect((await paxyo(['reviews', 'show', other], env)).stdout).toContain(
      'the word "zaplanowano" of godofpanel, in 1 deliveries that are not replayed, is in no map; give it a meaning with\n' +
        `paxyo reviews map ${other} <status>`,
    )
    const unmapped = await paxyo(['reviews', 'replay', other], env)
    expect([unmapped.code, unmapped.stderr]).toEqual([5, expect.stringContaining('(status_word_unmapped)')])
    expect((await paxyo(['reviews', 'map', other, 'pending', '--preview'], env)).stdout).toContain(
      'of 1, 0 would change their order, 1 would change nothing, 0 would be in review',
    )
    expect((await paxyo(['reviews', 'map', other, 'pending'], env)).stdout).toContain(
      '"zaplanowano" of godofpanel means pending from now on',
    )
    expect((await paxyo(['reviews', 'replay', other], env)).stdout).toContain('reviews dismissed: 1')
    expect((await paxyo(['reviews', 'list'], env)).stdout).toBe('No reviews.\n')
    expect((await paxyo(['reviews', 'list', '--state', 'resolved', '--json'], env)).json()).toHaveLength(2)
  })

  test('a decision that contradicts itself is rejected before it is sent', async () => {
    for (const args of [['--dismiss', '--refund', '1'], []]) {
      const { code } = await paxyo(['reviews', 'resolve', randomUUID(), '--note', 'x', ...args], {})
      expect(code).toBe(2)
    }
    const unknown = await paxyo(['reviews', 'show', randomUUID()], env)
    expect([unknown.code, unknown.stderr]).toEqual([4, expect.stringContaining('(review_not_found)')])
  })
})

describe('a refund above the limit', () => {
  test('shows what its approval pays, and is paid by it', async () => {
    const order = { ...AN_ORDER, currency: 'GBP', orderId: 'A-5', providerOrderId: '5', userId: 'user-5' }
    await post('/v1/orders', order)
    await post('/webhooks/godofpanel/a-webhook-token', { order_id: '5', status: 'Partial', remains: 800 })
    const listed = await paxyo(['reviews', 'list', '--order', 'A-5', '--json'], env)
    const { reviewId } = (listed.json() as { reviewId: string }[])[0]!
    const { stdout } = await paxyo(['reviews', 'show', reviewId], env)
    expect(stdout).toContain(`a refund of 2 GBP waits, and the order becomes partial; pay it with
paxyo reviews resolve ${reviewId} --approve 2 --note "…"`)

    const approve = (amount: string, ...args: string[]) =>
      paxyo(['reviews', 'resolve', reviewId, '--approve', amount, '--note', 'checked', ...args], env)
    expect((await approve('2', '--dismiss')).code).toBe(2)
    const other = await approve('1.9')
    expect([other.code, other.stderr]).toEqual([5, expect.stringContaining('(refund_changed)')])
    expect((await approve('2')).stdout).toMatch(/refund by environment[^]*refunded +2 GBP/)
  })
})

describe('rejected requests', () => {
  test('are listed, shown and replayed', async () => {
    await fetch(`${ingest.url}/webhooks/godofpanel/a-webhook-token`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: 'not readable',
    })
    const { requestId } = ((await paxyo(['rejected', 'list', '--json'], env)).json() as { requestId: string }[])[0]!
    expect((await paxyo(['rejected', 'show', requestId], env)).stdout).toMatch(/malformed_json[^]*not readable/)
    const replayed = await paxyo(['rejected', 'replay'], env)
    expect([replayed.code, replayed.stdout]).toEqual([
      1,
      expect.stringMatching(new RegExp(`${requestId} +not readable +malformed_json`)),
    ])
    expect((await paxyo(['rejected', 'replay', requestId, '--provider', 'x'], env)).code).toBe(2)
    expect((await paxyo(['rejected', 'list', '--state', 'replayed'], env)).stdout).toBe('No rejected requests.\n')
  })
})

describe('order actions', () => {
  test('refund, set the status, and cancel, once per key', async () => {
    await post('/v1/orders', { ...AN_ORDER, orderId: 'A-4', providerOrderId: '4', userId: 'user-4' })
    const act = (...args: string[]) => paxyo(['orders', ...args, '--note', 'by mail', '--by', 'Ann'], env)
    const refund = ['refund', 'A-4', '0.5', '--key', 'ticket-1']
    expect((await act(...refund)).stdout).toContain('Refunded 0.5 USD to user-4.')
    expect((await act(...refund)).stdout).toContain('0.5 of 2.5 refunded')
    expect((await act('set-status', 'A-4', 'processing')).stdout).toMatch(/No money was refunded\.[^]*is processing/)
    expect((await act('cancel', 'A-4')).stdout).toMatch(/Refunded 2 USD[^]*is canceled, 2\.5 of 2\.5/)
    const unknown = await act('cancel', 'A-99')
    expect([unknown.code, unknown.stderr]).toEqual([4, expect.stringContaining('(order_not_found)')])
  })
})

describe('deliveries', () => {
  test('are listed and shown', async () => {
    const parked = (await paxyo(['deliveries', 'list', '--outcome', 'parked', '--json'], env)).json()
    expect(parked).toMatchObject([{ providerOrderId: '9', orderId: null, outcome: 'parked' }])
    const ofProvider = async (name: string): Promise<unknown> =>
      (await paxyo(['deliveries', 'list', '--provider', name, '--outcome', 'parked', '--json'], env)).json()
    expect([await ofProvider('godofpanel'), await ofProvider('another')]).toEqual([parked, []])
    const { stdout } = await paxyo(['deliveries', 'list', '--order', 'A-1'], env)
    const [, deliveryId] = /^\S+Z +applied +godofpanel order 1 +A-1 \(canceled\) +(\S+)\n$/.exec(stdout)!
    const shown = await paxyo(['deliveries', 'show', deliveryId!], env)
    expect(shown.stdout).toMatch(/\n\{.*"Canceled".*\}\n$/)
  })

  test('are replayed, one or a span of time, and pay nothing twice', async () => {
    const [delivery] = (await paxyo(['deliveries', 'list', '--order', 'A-1', '--json'], env)).json() as {
      deliveryId: string
    }[]
    const one = await paxyo(['deliveries', 'replay', delivery!.deliveryId], env)
    expect(one.stdout).toMatch(/^\w+ +no refund /)
    const all = await paxyo(['deliveries', 'replay', '--from', '2026-01-01T00:00:00Z', '--json'], env)
    const replays = all.json() as { refund: string | null }[]
    expect(replays).toHaveLength(6)
    expect(replays.filter(({ refund }) => refund !== null)).toEqual([])
    const audit = await paxyo(['audit'], { DATABASE_URL: database.url })
    expect(audit.stdout).toContain('No violations')
    expect((await paxyo(['deliveries', 'replay'], env)).code).toBe(2)
  })
})

test('the version of the service that responds', async () => {
  const { stdout } = await paxyo(['version'])
  // It receives its own messages over Redis soon after its start.
  const checked = await eventually(async () => {
    const ran = await paxyo(['version', '--check'], env)
    return ran.code === 0 && ran
  })
  expect(checked.stdout).toBe(`${stdout}database: not compared\nservices: panel API ${stdout}gateways: 0\n`)
})

describe('an API that does not answer as it should', () => {
  test('a wrong key', async () => {
    const { code, stderr } = await paxyo(['refunds', 'list'], { ...env, PAXYO_API_KEY: 'another-key' })
    expect([code, stderr]).toEqual([5, expect.stringMatching(/\(unauthorized\)\n +Set PAXYO_API_KEY to an active key/)])
    expect(stderr).not.toContain('another-key')
  })

  test('nobody there, somebody else there, and one who would send the key elsewhere', async () => {
    const port = await freePort()
    const closed = { ...env, PAXYO_URL: `http://127.0.0.1:${port}` }
    expect((await paxyo(['reviews', 'list'], closed)).stderr).toContain(`connection refused at 127.0.0.1:${port}`)

    const elsewhere: unknown[] = []
    const other = createServer((request, response) => {
      elsewhere.push(request.url)
      if (request.url!.startsWith('/v1/reviews')) response.writeHead(307, { location: '/stolen' }).end()
      else response.writeHead(404).end('<html>')
    })
    await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve))
    try {
      const html = await paxyo(['refunds', 'list'], closed)
      expect([html.code, html.stderr]).toEqual([
        5,
        expect.stringContaining('responded with 404, and not as the panel API does'),
      ])
      expect((await paxyo(['reviews', 'list'], closed)).code).toBe(5)
      expect(elsewhere).toHaveLength(2)
    } finally {
      other.closeAllConnections()
      other.close()
    }
  })
})

test('an erasure is previewed, and then done', async () => {
  const preview = await paxyo(['users', 'erase', 'user-2', '--dry-run'], env)
  expect(preview.stdout).toMatch(/^Nothing was changed\. [^]*orders: 1, 0 of them open\n/)
  const erased = await paxyo(['users', 'erase', 'user-2', '--yes'], env)
  expect([erased.code, erased.stdout]).toEqual([
    0,
    expect.stringMatching(/^The user is erased-[0-9a-f]{16} from now on\./),
  ])
})
