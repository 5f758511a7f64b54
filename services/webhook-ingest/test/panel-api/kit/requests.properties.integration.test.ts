import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createApiKey, createKysely, inviteOperator } from '@paxyo/database'
import { ledgerViolations } from '@paxyo/testkit'
import fc, { type Arbitrary } from 'fast-check'
import { API_KEY, startIngest, type IngestFixture } from '../../ingest-fixture.ts'
import { SECRET } from '../../workers/outgoing-webhooks/test-panel.ts'
import { brokenRequests, validRequests, type GeneratedRequest, type Operation } from './arbitrary-requests.ts'
import { readDocument, type DocumentedResponses } from './documented-responses.ts'

// Like schemathesis: generates requests from the OpenAPI document alone, and checks the responses against it.

const OPERATION_IDS = [
  'search',
  'summarizeToday',
  'summarizeDays',
  'testWebhook',
  'revealWebhookAddress',
  'listSecrets',
  'diagnose',
  'auditLedger',
  'registerOrder',
  'registerOrders',
  'listOrders',
  'getOrder',
  'attachProviderOrder',
  'actOnOrder',
  'openAccount',
  'getAccount',
  'copyAccounts',
  'deposit',
  'listLedgerEntries',
  'mintToken',
  'revokeToken',
  'countConnections',
  'listUserConnections',
  'disconnectUser',
  'revokeTokens',
  'eraseUser',
  'readRefunds',
  'readChanges',
  'listReviews',
  'readReview',
  'resolveReview',
  'replayReview',
  'previewWord',
  'previewResolutions',
  'mapWord',
  'listDeliveries',
  'readDelivery',
  'replayDelivery',
  'replayDeliveries',
  'listRejectedRequests',
  'readRejectedRequest',
  'replayRejectedRequest',
  'replayRejectedRequests',
  'createWebhookEndpoint',
  'listWebhookEndpoints',
  'readWebhookEndpoint',
  'changeWebhookEndpoint',
  'rotateWebhookSecret',
  'pingWebhookEndpoint',
  'listOutgoingWebhooks',
  'readOutgoingWebhook',
  'retryOutgoingWebhook',
  'retryDeadOutgoingWebhooks',
  'inviteOperator',
  'listOperators',
  'changeOperator',
  'createPasswordLink',
  'listAuditLog',
  'listKeys',
  'createKey',
  'revokeKey',
  'deleteWebhookEndpoint',
]
/** They reject every API key before they read the request. */
const FOR_OPERATORS = new Set(['revealWebhookAddress', 'createKey'])
/** Every run of the tests generates other requests. `REQUESTS_FACTOR` is for long runs, as each night. */
const FACTOR = Number(process.env['REQUESTS_FACTOR'] ?? 1)
/** Requests of each operation. */
const VALID_RUNS = 20 * FACTOR
const BROKEN_RUNS = 40 * FACTOR
const KEYLESS_RUNS = 10

const few = (...values: string[]): Arbitrary<string> => fc.constantFrom(...values)
/** Few values, so that requests refer to rows of earlier ones. */
const FAMILIAR: Record<string, Arbitrary<string>> = {
  userId: few('u1', 'u2', 'ü3'),
  orderId: few('o1', 'o2', 'o3', 'o4'),
  providerOrderId: few('p1', 'p2', 'p3', 'p4'),
  currency: few('USD', 'EUR'),
  charge: few('1', '0.00000001'),
  timeZone: few('UTC', 'Europe/Berlin'),
  q: few('o1', 'https://example.com/'),
  fromDay: few('2026-11-26', '2026-11-27'),
  toDay: few('2026-11-27', '2027-11-27'),
  'idempotency-key': few('k1', 'k2', 'k3'),
}
/** Ids that requests cannot choose: webhooks create them, and the test reads them from the database. */
const MADE_IDS = {
  reviewId: 'SELECT review_id FROM reviews',
  deliveryId: 'SELECT delivery_id FROM deliveries',
  webhookId: 'SELECT webhook_id FROM outgoing_webhooks',
  endpointId: 'SELECT endpoint_id FROM outgoing_webhook_endpoints',
  requestId: 'SELECT request_id FROM rejected_requests',
  operatorId: 'SELECT operator_id FROM operators',
  keyId: 'SELECT key_id FROM api_keys',
  after: `SELECT epoch || '.1' FROM stream_epoch`,
  changesCursor: `SELECT epoch || '.1' FROM stream_epoch`,
}

const BY = { actor: 'command line', actorName: 'a test', address: null }

let ingest: IngestFixture
let documented: DocumentedResponses
let addresses = 0
beforeAll(async () => {
  ingest = await startIngest()
  documented = readDocument((await ingest.app.inject('/openapi.json')).json())
  await prepareOrders()
})
afterAll(async () => {
  await ingest[Symbol.asyncDispose]()
})

/** Registers orders and sends webhooks that cancel them, fail them, or have an unknown status. */
async function prepareOrders(): Promise<void> {
  const { owner } = ingest.database
  for (const [index, status] of ['canceled', 'failed', 'exploded', 'failed', 'exploded'].entries()) {
    await ingest.register({ orderId: `x${index}`, providerOrderId: `x${index}`, userId: 'u1' })
    await ingest.webhook({ order_id: `x${index}`, status })
  }
  await ingest.webhook('<html>')
  await createApiKey(createKysely(owner), 'one to revoke')
  await inviteOperator(createKysely(owner), { name: 'Ann', role: 'support', refundLimit: '5' }, BY)
  await owner.query(`
    INSERT INTO outgoing_webhook_endpoints (endpoint_id, url, types, secrets, is_enabled, position)
    VALUES ('an-endpoint', 'http://127.0.0.1:9/', ARRAY['refund.paid'], ARRAY['${SECRET}'], false, 0);
    INSERT INTO outgoing_webhooks (webhook_id, endpoint_id, type, subject, body, state, settled_at)
    SELECT entry_id, 'an-endpoint', 'refund.paid', 'order x0', '{}', 'dead', now() FROM ledger_entries`)
  for (const [name, text] of Object.entries(MADE_IDS)) {
    const { rows } = await owner.query<[string]>({ text, rowMode: 'array' })
    FAMILIAR[name] = few(...rows.flat())
  }
}

const send = ({ method, url, headers, payload }: GeneratedRequest, key = API_KEY, remoteAddress = '127.0.0.1') =>
  ingest.app.inject({
    method,
    remoteAddress,
    // Hundreds of requests are sent: none of them is held.
    url: url.replace(/\bwait=[1-9]\d*(?=&|$)/, 'wait=0'),
    headers: { ...headers, authorization: `Bearer ${key}` },
    ...(payload === undefined ? {} : { payload }),
  })

/** @returns the first response that deviates from the document; null when there is none. */
async function findDeviation(
  operation: Operation,
  requests: Arbitrary<GeneratedRequest>,
  numRuns: number,
  codesNotExpected: readonly string[] = [],
): Promise<string | null> {
  const property = fc.asyncProperty(requests, async (request) => {
    const response = await send(request)
    const deviations = documented.deviations(operation, response)
    if (deviations.length > 0) throw new Error(JSON.stringify(deviations))
    if (response.statusCode >= 400 && codesNotExpected.includes(response.json().code)) throw new Error(response.body)
  })
  const details = await fc.check(property, { numRuns })
  return details.failed ? fc.defaultReportMessage(details)! : null
}

function prepareRequests(operationId: string) {
  const operation = documented.operations.get(operationId)!
  const how = [operation, documented.resolve, FAMILIAR] as const
  return { operation, valid: validRequests(...how), broken: brokenRequests(...how) }
}

test('every operation of the document is tried here', () => {
  expect([...documented.operations.keys()].toSorted()).toEqual(OPERATION_IDS.toSorted())
})

describe.each(OPERATION_IDS)('%s', (operationId) => {
  let prepared: ReturnType<typeof prepareRequests> | undefined
  const prepare = () => (prepared ??= prepareRequests(operationId))

  test('takes what the document allows', async () => {
    const { operation, valid } = prepare()
    expect(await findDeviation(operation, valid, VALID_RUNS, ['validation_failed', 'malformed_json'])).toBeNull()
  })

  test('answers anything else as the document says', async () => {
    const { operation, broken } = prepare()
    expect(await findDeviation(operation, broken, BROKEN_RUNS)).toBeNull()
  })

  test('names a query parameter that it does not have, and those that it has', async () => {
    const { operation, valid } = prepare()
    const [{ url, ...request }] = fc.sample(valid, 1) as [GeneratedRequest]
    const response = await send({ ...request, url: `${url}${url.includes('?') ? '&' : '?'}unknown=1` })
    const known = operation.parameters.filter((parameter) => parameter.in === 'query').map(({ name }) => name)
    const hint = known.length === 0 ? 'this operation has none' : `this operation has ${known.join(', ')}`
    expect(response.json()).toMatchObject(
      FOR_OPERATORS.has(operationId)
        ? { status: 403, code: 'scope_missing' }
        : { status: 400, code: 'validation_failed', detail: `unknown query parameter "unknown"; ${hint}` },
    )
  })

  test('tells nothing to whoever has no key, whatever is asked', async () => {
    const { valid, broken } = prepare()
    const responses = new Set<string>()
    for (const request of fc.sample(fc.oneof(valid, broken), KEYLESS_RUNS)) {
      // Each from its own address, which is not throttled.
      const address = `2001:db8:${(addresses += 1).toString(16)}::1`
      const { statusCode, body } = await send(request, 'pxk_0123456789ab_wrong', address)
      if (!body.includes('"not_found"')) responses.add(`${statusCode} ${body}`)
    }
    expect([...responses]).toEqual([expect.stringMatching(/^401 .*"unauthorized"/)])
  })
})

test('whatever was asked, the audit of the ledger is clean', async () => {
  expect(await ledgerViolations(ingest.database.owner)).toEqual({})
})
