import { failed, ok, skipped, type Diagnostic } from '@paxyo/database/diagnostic'
import { publicUrl } from '@paxyo/web-server'
import { apiUrl } from '../choices.ts'
import { CHECK_USER } from './check-token.ts'
import type { PageSocket } from './page-socket.ts'
import { reasonOf, requestPublic, TIMEOUT_MS, type PublicResponse } from './public-request.ts'
import type { CheckSubject } from './subject.ts'

/** Sends a webhook by the public name, and waits for it on the page. */
export async function checkWebhook(subject: CheckSubject, socket: PageSocket | undefined): Promise<Diagnostic[]> {
  const wrong = await attempt('webhook', () => checkWrongToken(subject))
  if (wrong.status !== 'ok') return [wrong, skipped('end-to-end', 'webhooks do not arrive')]
  if (socket === undefined) return [wrong, skipped('end-to-end', 'no page is connected')]
  return [wrong, await attempt('end-to-end', () => checkDelivery(subject, socket))]
}

async function attempt(check: string, run: () => Promise<Diagnostic>): Promise<Diagnostic> {
  try {
    return await run()
  } catch (error) {
    return failed(check, reasonOf(error), 'Repair the checks above, and check the log of Paxyo.')
  }
}

const PROXY_HINT = 'Install the written configuration of the web server, and reload it.'

async function checkWrongToken(subject: CheckSubject): Promise<Diagnostic> {
  const { status } = await post(subject, 'a-wrong-token', {})
  return status === 401
    ? ok('webhook', 'a webhook with a wrong token is rejected')
    : failed('webhook', `a webhook with a wrong token gets ${status} instead of 401`, PROXY_HINT)
}

/** Completes an order of the check: no money moves, and the order is closed. */
async function checkDelivery(subject: CheckSubject, socket: PageSocket): Promise<Diagnostic> {
  const orderId = `${CHECK_USER}-${Date.now()}`
  const registered = await register(subject, orderId)
  if (registered !== undefined) return registered

  const startedAt = performance.now()
  const { status, body } = await post(subject, subject.secrets.webhookToken, { order_id: orderId, status: 'Completed' })
  if (status !== 200) {
    const hint = status === 401 ? 'Paxyo must run with the token of this .env: restart it.' : PROXY_HINT
    return failed('end-to-end', `the test webhook gets ${status}: ${body.slice(0, 200)}`, hint)
  }
  await socket.next('event', ({ order }) => {
    const { orderId: changedId, status: changedTo } = (order ?? {}) as { orderId?: string; status?: string }
    return changedId === orderId && changedTo === 'completed'
  })
  const tookMs = Math.round(performance.now() - startedAt)
  return ok('end-to-end', `a test webhook was on the page after ${tookMs} ms (order ${orderId}, no money)`)
}

/** @returns the problem; undefined when the order is registered. */
async function register({ choices, secrets, ca }: CheckSubject, orderId: string): Promise<Diagnostic | undefined> {
  const url = new URL('/v1/orders', apiUrl(choices))
  const body = JSON.stringify({
    orderId,
    provider: choices.provider,
    providerOrderId: orderId,
    userId: CHECK_USER,
    service: 'Check of the setup',
    link: choices.panelOrigin,
    quantity: 1,
    charge: '0.00000001',
    currency: 'USD',
  })
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${secrets.panelKey}` }
  const { status, body: text } =
    url.protocol === 'https:'
      ? await requestPublic(url, { method: 'POST', headers, body, ca })
      : await fetch(url, { method: 'POST', headers, body, signal: AbortSignal.timeout(TIMEOUT_MS) }).then(
          async (response) => ({ status: response.status, body: await response.text() }),
        )
  if (status === 201 || status === 200) return undefined
  const hint = status === 401 ? 'Paxyo must run with the PANEL_API_KEYS of this .env: restart it.' : 'Check its log.'
  return failed('end-to-end', `the panel API gets ${status} for a test order: ${text.slice(0, 200)}`, hint)
}

/** Posts a webhook as the provider does. */
function post({ choices, ca }: CheckSubject, token: string, body: object): Promise<PublicResponse> {
  return requestPublic(new URL(`/webhooks/${choices.provider}/${token}`, publicUrl(choices)), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    ca,
  })
}
