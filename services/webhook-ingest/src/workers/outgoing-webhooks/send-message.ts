import type { Attempt } from '@paxyo/ledger'
import { signWebhook, type WebhookMessage } from '@paxyo/standard-webhooks'
import http from 'node:http'
import https from 'node:https'
import type { AddressRules } from './address-rules.ts'
import { guardedLookup } from './guarded-lookup.ts'

/** Where messages are sent, and the keys that sign them. */
export interface SendTarget {
  readonly url: string
  readonly keys: readonly Buffer[]
  /** The certificate authority of the receiver; the system's when null. */
  readonly ca: string | null
  /** Whether any certificate is accepted. */
  readonly isInsecure: boolean
  readonly rules: AddressRules
}

export interface MessageSender {
  /** Sends once; never throws. */
  send(message: WebhookMessage, nowMs: number): Promise<Attempt>
  close(): void
}

/** From the start of the DNS lookup to the last byte of the response. */
export const SEND_TIMEOUT_MS = 10_000
/** Only the status counts. The body is read to keep the connection alive, and to quote it in the error. */
const RESPONSE_BYTES_MAX = 16 * 1024
const EXCERPT_CHARS_MAX = 300

/** Posts signed messages to one URL. It does not follow redirects: any status but 2xx is a failure. */
export function createMessageSender(target: SendTarget, timeoutMs = SEND_TIMEOUT_MS): MessageSender {
  const url = new URL(target.url)
  const transport = url.protocol === 'https:' ? https : http
  const agent =
    url.protocol === 'https:'
      ? new https.Agent({
          keepAlive: true,
          rejectUnauthorized: !target.isInsecure,
          ...(target.ca === null ? {} : { ca: target.ca }),
        })
      : new http.Agent({ keepAlive: true })
  const lookup = guardedLookup(url, target.rules)

  return {
    send(message, nowMs) {
      const headers = {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(message.body),
        'user-agent': 'paxyo-webhooks/1',
        ...signWebhook(message, target.keys, nowMs),
      }
      const signal = AbortSignal.timeout(timeoutMs)
      const startedAt = performance.now()
      return new Promise((resolve) => {
        const settle: Settle = (result) => resolve({ ...result, durationMs: performance.now() - startedAt })
        const options = { method: 'POST', agent, headers, signal, ...(lookup === undefined ? {} : { lookup }) }
        let hasResponse = false
        const request = transport.request(url, options, (response) => {
          hasResponse = true
          readAttempt(response, settle)
        })
        const fail = (error: string): void => {
          if (!hasResponse) settle({ delivered: false, status: null, error, response: null })
        }
        // The error of a host with several addresses has no message.
        request.once('error', (error: NodeJS.ErrnoException) =>
          fail(signal.aborted ? `no response within ${timeoutMs} ms` : error.message || String(error.code)),
        )
        // Covers every other end, such as a response that upgrades to another protocol.
        request.once('close', () => fail('the connection was closed without a response'))
        request.end(message.body)
      })
    },
    close: () => agent.destroy(),
  }
}

type Settle = (result: Omit<Attempt, 'durationMs'>) => void

function readAttempt(response: http.IncomingMessage, resolve: Settle): void {
  const status = response.statusCode!
  const delivered = status >= 200 && status < 300
  const chunks: Buffer[] = []
  let bytes = 0
  const settle = (): void => {
    const excerpt = toExcerpt(Buffer.concat(chunks).toString())
    const error = delivered ? null : `status ${status}${excerpt === '' ? '' : `: ${excerpt}`}`
    resolve({ delivered, status, error, response: excerpt })
  }
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes <= RESPONSE_BYTES_MAX) return void chunks.push(chunk)
    settle()
    response.destroy()
  })
  response.once('end', settle)
  response.once('error', settle)
  response.once('close', settle)
}

/** One line without characters that PostgreSQL or a terminal cannot display. */
function toExcerpt(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\p{C}\s]+/gu, ' ')
    .trim()
    .slice(0, EXCERPT_CHARS_MAX)
    .toWellFormed()
}
