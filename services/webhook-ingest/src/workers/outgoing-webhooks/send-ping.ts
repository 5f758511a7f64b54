import { newId } from '@paxyo/ledger'
import type { PingResult } from '@paxyo/panel-client'
import type { Logger } from 'pino'
import { addressProblem } from './check-address.ts'
import type { OutgoingWebhookSettings } from './outgoing-webhook-config.ts'
import { createMessageSender, type SendTarget } from './send-message.ts'

/** Sends a signed ping, once. */
export async function sendPing(target: SendTarget): Promise<PingResult> {
  const problem = await addressProblem(target, target.rules)
  if (problem !== undefined) return { isDelivered: false, status: null, error: problem }
  const sender = createMessageSender(target)
  try {
    const now = new Date()
    const body = JSON.stringify({ type: 'ping', timestamp: now.toISOString(), data: {} })
    const { delivered, status, error } = await sender.send({ id: newId(), body }, now.getTime())
    return { isDelivered: delivered, status, error }
  } finally {
    sender.close()
  }
}

/** Pings the environment's endpoint and logs what is wrong: the start does not wait for a panel. */
export async function warnOfEndpoint(
  { endpoint, rules }: OutgoingWebhookSettings,
  log: Pick<Logger, 'warn'>,
): Promise<void> {
  if (endpoint === undefined) return
  const { error: problem } = await sendPing({ ...endpoint, ca: null, isInsecure: false, rules })
  if (problem !== null) log.warn({ variable: 'OUTGOING_WEBHOOK_URL', problem }, 'outgoing webhook ping failed')
}
