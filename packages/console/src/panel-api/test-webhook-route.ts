import { commitChangeSet, newId, registerOrders } from '@paxyo/ledger'
import { operation, reject, type ApiDeps, type PanelApi } from '@paxyo/panel-api-kit'
import { testWebhookBody, testWebhookSchema } from '@paxyo/panel-client'
import type { ConfiguredProvider } from '@paxyo/providers'
import { signWebhook } from '@paxyo/standard-webhooks'
import type { FastifyInstance } from 'fastify'
import { webhookPath } from './webhook-address-route.ts'

export interface TestWebhookDeps extends ApiDeps {
  /** To which the webhook is handed. */
  readonly app: FastifyInstance
  readonly configuredProviders: readonly ConfiguredProvider[]
}

const TEST_USER = 'paxyo-test'

interface Sent {
  readonly status: number | null
  readonly error: string | null
}

/**
 * `POST /v1/test-webhook`: hands this process a webhook with the credentials of the provider, that completes a test order.
 * So it tests the credentials and the commit, moves no money, and touches no order of the panel. No caller chooses an address:
 * the recipient would have the provider's token.
 */
export function registerTestWebhook(api: PanelApi, deps: TestWebhookDeps): void {
  const schema = {
    body: testWebhookBody,
    ...operation({
      operationId: 'testWebhook',
      scope: 'orders:write',
      tag: 'Overview',
      summary: 'Test the webhook',
      description:
        'Registers an order of the user `paxyo-test`, and has webhook-ingest receive a webhook that completes it, with the ' +
        'credentials of the provider. No money moves.',
      responses: { 200: { description: 'The result of the attempt.', schema: testWebhookSchema } },
      errors: ['unknown_provider'],
    }),
  }
  api.post('/v1/test-webhook', { schema }, async (request, reply) => {
    const { provider: name } = request.body
    const configured = deps.configuredProviders.find(({ provider }) => provider.name === name)
    if (configured === undefined) return reject(reply, 'unknown_provider')

    const orderId = `${TEST_USER}-${newId()}`
    await registerTestOrder(deps, name, orderId)
    const startedAt = performance.now()
    const body = JSON.stringify({ order_id: orderId, status: 'Completed' })
    const { status, error } = await sendWithin(deps.app, configured, body)
    const tookMs = Math.round(performance.now() - startedAt)
    return reply.send({ orderId, isDelivered: await isCompleted(deps, orderId), status, error, tookMs })
  })
}

async function registerTestOrder(deps: ApiDeps, provider: string, orderId: string): Promise<void> {
  const { db } = deps
  const account = await db.selectFrom('accounts').select('currency').where('user_id', '=', TEST_USER).executeTakeFirst()
  const order = {
    orderId,
    provider,
    providerOrderId: orderId,
    userId: TEST_USER,
    service: 'Test webhook',
    link: 'https://example.com/',
    quantity: 1,
    charge: 1n,
    currency: account?.currency ?? 'USD',
    payment: 'external',
  } as const
  await commitChangeSet(deps, (tx) => registerOrders(tx, [order]))
}

async function sendWithin(
  app: FastifyInstance,
  { provider, authentication: { signatureKeys, tokens } }: ConfiguredProvider,
  body: string,
): Promise<Sent> {
  const signature = signWebhook({ id: newId(), body }, signatureKeys, Date.now())
  const headers = { 'content-type': 'application/json', ...signature }
  const { statusCode, body: text } = await app.inject({
    method: 'POST',
    url: webhookPath(provider.name, signatureKeys.length > 0 ? undefined : tokens[0]),
    headers,
    payload: body,
  })
  return { status: statusCode, error: statusCode === 200 ? null : text.slice(0, 300) }
}

async function isCompleted({ db }: ApiDeps, orderId: string): Promise<boolean> {
  const row = await db.selectFrom('orders').select('status').where('order_id', '=', orderId).executeTakeFirst()
  return row?.status === 'completed'
}
