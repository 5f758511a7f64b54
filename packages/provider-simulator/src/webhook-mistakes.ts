import type { WebhookBody } from './webhook-shapes.ts'

/** A webhook that says nothing certain about its order, and what becomes of it. */
interface WebhookMistake {
  /**
   * `rejected`: it cannot be read, and must be kept; `review`: a person must look at it; `ignored`: a known word that
   * changes nothing; `none`: it is not a webhook.
   */
  readonly leads: 'rejected' | 'review' | 'ignored' | 'none'
  /** The response to it, if its sender is authenticated. */
  readonly status: number
  readonly write: (orderId: string, mark: string) => WebhookBody
}

const json = (value: object): WebhookBody => ({ contentType: 'application/json', body: JSON.stringify(value) })

/** What providers send by mistake. None of it may move money. */
export const WEBHOOK_MISTAKES = {
  html: {
    leads: 'rejected',
    status: 400,
    write: (_orderId, mark) => ({ contentType: 'application/json', body: `<html>502 ${mark}</html>` }),
  },
  html_mislabelled: {
    leads: 'rejected',
    status: 400,
    write: (_orderId, mark) => ({ contentType: '', body: `<html>502 ${mark}</html>` }),
  },
  truncated: {
    leads: 'rejected',
    status: 400,
    write: (orderId, mark) => ({
      contentType: 'application/json',
      body: `{"mark":"${mark}","order":"${orderId}","status":"Canceled","rema`,
    }),
  },
  unknown_encoding: {
    leads: 'rejected',
    status: 415,
    write: (orderId, mark) => ({ ...json({ order: orderId, status: 'Canceled', mark }), contentEncoding: 'zstd' }),
  },
  false_gzip: {
    leads: 'rejected',
    status: 400,
    // Not compressed, whatever its label says.
    write: (orderId, mark) => ({ ...json({ order: orderId, status: 'Canceled', mark }), contentEncoding: 'x-gzip' }),
  },
  no_order: { leads: 'rejected', status: 400, write: (_orderId, mark) => json({ status: 'Canceled', mark }) },
  get: {
    leads: 'none',
    status: 405,
    write: (orderId, mark) => ({
      contentType: undefined,
      method: 'GET',
      body: `order=${encodeURIComponent(orderId)}&status=Canceled&mark=${mark}`,
    }),
  },
  request_error: {
    leads: 'review',
    status: 200,
    write: (order, mark) => json({ status: 'error', order, error: 'Incorrect order ID', mark }),
  },
  request_failed: {
    leads: 'review',
    status: 200,
    write: (order, mark) => json({ status: false, order, msg: 'Order not found', mark }),
  },
  remains_with_comma: {
    leads: 'review',
    status: 200,
    write: (order, mark) => json({ order, status: 'Partial', remains: '1,000', mark }),
  },
  unknown_word: {
    leads: 'review',
    status: 200,
    write: (order, mark) => json({ order, status: 'Zaplanowano', mark }),
  },
  two_statuses: {
    leads: 'review',
    status: 200,
    write: (order, mark) => json({ order, status: 'Completed', data: { status: 'Canceled' }, mark }),
  },
  refill: { leads: 'ignored', status: 200, write: (order, mark) => json({ order, status: 'Refilling', mark }) },
} as const satisfies Record<string, WebhookMistake>

export type WebhookMistakeName = keyof typeof WEBHOOK_MISTAKES
export const WEBHOOK_MISTAKE_NAMES = Object.keys(WEBHOOK_MISTAKES) as WebhookMistakeName[]

/**
 * Writes a webhook with a mistake.
 *
 * @param mark distinguishes it from all others; only letters and digits.
 * @example
 * writeMistake('refill', '12345', 'm1').body //=> '{"order":"12345","status":"Refilling","mark":"m1"}'
 */
export function writeMistake(name: WebhookMistakeName, orderId: string, mark: string): WebhookBody {
  return WEBHOOK_MISTAKES[name].write(orderId, mark)
}
