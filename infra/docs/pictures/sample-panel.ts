import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type pg from 'pg'

/** What the panel API and the providers are called with. */
export interface Panel {
  api(path: string, body: object): Promise<unknown>
  webhook(provider: string, body: object | string): Promise<void>
}

interface Sample {
  readonly user: string
  readonly service: string
  readonly link: string
  readonly quantity: number
  readonly charge: string
  readonly currency: string
}

const LONG_NAME = 'agency-with-a-name-that-goes-on-and-on-2026@resellers.example'
/** Names and sums as panels have them, the long and the large ones included. */
const SAMPLES: readonly Sample[] = [
  ['marta.k', 'Instagram followers · 30 days refill', 'https://www.instagram.com/cafe.marta/', 1000, '2.5', 'USD'],
  ['u_48213', 'TikTok views · instant', 'https://www.tiktok.com/@u48213/video/7311', 50_000, '4.9', 'USD'],
  [LONG_NAME, 'YouTube watch hours (4,000 h) · non-drop · worldwide', 'https://youtu.be/x9', 4000, '12480.5', 'USD'],
  ['leyla_demir', 'Telegram post views · last five posts', 'https://t.me/leyla/311', 20_000, '18.75', 'USD'],
  ['rohan.shop', 'Spotify plays · USA premium', 'https://open.spotify.com/track/5aBc', 100_000, '184900.25', 'INR'],
  ['ana-souza', 'Instagram likes · Brazil', 'https://www.instagram.com/p/CxY/', 5000, '3.15', 'USD'],
  ['نور', 'X followers · Arabic', 'https://x.com/nour', 2500, '41.3', 'USD'],
  ['growthlab', 'LinkedIn company followers', 'https://www.linkedin.com/company/growthlab', 1500, '96', 'USD'],
].map(
  ([user, service, link, quantity, charge, currency]) =>
    ({ user, service, link, quantity, charge, currency }) as Sample,
)

const PROVIDERS = ['godofpanel', 'smm-factory'] as const
const DAYS = 14
/** Refunds of each day before today: a busy weekend, and a provider's bad day. */
const REFUNDS_OF_DAY = [3, 4, 2, 5, 6, 9, 4, 3, 2, 4, 12, 7, 5]

/** Fills an empty system with two weeks of a panel's life. */
export async function fillPanel(panel: Panel, owner: pg.Pool): Promise<void> {
  let number = 0
  const order = async (status: object | undefined, provider: string = PROVIDERS[number % 2]!): Promise<string> => {
    const sample = SAMPLES[number % SAMPLES.length]!
    number += 1
    const [orderId, providerOrderId] = [String(90_210 + number), String(7_733_500 + number)]
    const { user: userId, service, link, quantity, charge, currency } = sample
    await panel.api('/v1/orders', {
      orderId,
      provider,
      providerOrderId,
      userId,
      service,
      link,
      quantity,
      charge,
      currency,
    })
    if (status !== undefined) await panel.webhook(provider, { order_id: providerOrderId, ...status })
    return orderId
  }
  for (const [index, count] of REFUNDS_OF_DAY.entries()) {
    for (let refund = 0; refund < count; refund += 1) {
      await order(
        refund % 3 === 0 ? { status: 'Canceled' } : { status: 'Partial', remains: String(100 * (refund + 1)) },
      )
    }
    await order({ status: 'Completed' })
    await moveBack(owner, DAYS - 1 - index)
  }
  await panel.webhook('godofpanel', '<html><title>502 Bad Gateway</title></html>')
  await panel.webhook('smm-factory', { order: '1', state: 'done' })
  await panel.webhook('godofpanel', { order_id: '9999001', status: 'In progress' })
  for (const status of ['Failed', 'Zaplanowano', 'Zaplanowano', 'Failed']) await order({ status })
  const reopened = { order_id: String(7_733_500 + number + 1), status: 'Completed' }
  await order({ status: 'Partial', remains: '300' }, 'godofpanel')
  await panel.webhook('godofpanel', reopened)
  for (const status of ['In progress', 'Processing', 'Completed', 'Canceled', 'In progress']) await order({ status })
  for (const remains of ['250', '40', '700']) await order({ status: 'Partial', remains })
  await order({ status: 'In progress', start_count: '1204', remains: '900' })
  await owner.query(
    `UPDATE reviews SET opened_at = opened_at - place * interval '38 minutes'
     FROM (SELECT review_id, row_number() OVER (ORDER BY opened_at DESC) AS place FROM reviews) AS placed
     WHERE reviews.review_id = placed.review_id`,
  )
}

/** What happened so far, some days ago: nothing but the picture needs it, so the triggers of the history are left out. */
async function moveBack(owner: pg.Pool, days: number): Promise<void> {
  const client = await owner.connect()
  try {
    await client.query('BEGIN; SET LOCAL session_replication_role = replica')
    for (const [table, column] of [
      ['ledger_entries', 'created_at'],
      ['deliveries', 'received_at'],
      ['orders', 'created_at'],
    ] as const) {
      await client.query(
        `UPDATE ${table} SET ${column} = ${column} - $1 * interval '1 day' WHERE ${column} > clock_timestamp() - interval '20 hours'`,
        [days],
      )
    }
    await client.query('COMMIT')
  } finally {
    client.release()
  }
}

/** The panel's server: it accepts outgoing webhooks until it is set to fail. */
export async function startPanelServer(): Promise<AsyncDisposable & { readonly url: string }> {
  // It fails at first, so that a webhook has several attempts.
  let failing = 2
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      if (failing === 0) return void response.end('ok')
      failing -= 1
      response.writeHead(503).end('<h1>Down for maintenance</h1> Please come back in a few minutes.')
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/paxyo.php`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
