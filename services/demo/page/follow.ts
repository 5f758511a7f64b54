import { connect, type Client, type ConnectionStatus, type Position } from '@paxyo/browser-client'
import type { Change } from './state/reduce.ts'

export interface FollowOptions {
  readonly userId: string
  readonly url: string
  /** The position of the state that is already shown. */
  readonly position: Position | undefined
  readonly onChange: (change: Change) => void
  readonly onStatus: (status: ConnectionStatus) => void
}

/** Follows the user's stream with the SDK, and maps its events to changes of the page's state. */
export function followStream({ userId, url, position, onChange, onStatus }: FollowOptions): Client {
  const client = connect({ url, userId, getToken, ...(position === undefined ? {} : { position }) })
  client.on('snapshot', onChange)
  // The event of an order includes its refund.
  client.on('order', ({ event, ...change }) => onChange({ ...change, isNew: event === 'order.registered' }))
  // The event of an order includes the account, too; a separate one is a deposit, or another manual change.
  client.on('account', ({ account, totals, seq }) =>
    onChange({ type: 'account', seq, account, totals, at: new Date().toISOString() }),
  )
  // An unknown kind of event; if it has an account, `account` follows.
  client.on('event', ({ seq, account }) => account === undefined && onChange({ type: 'other', seq }))
  client.on('status', ({ status }) => onStatus(status))
  onStatus(client.status)
  return client
}

async function getToken({ signal }: { readonly signal: AbortSignal }): Promise<string> {
  const response = await fetch('/demo/token', { signal })
  if (!response.ok) throw new Error(`no token: ${response.status}`)
  const { token } = (await response.json()) as { token: string }
  return token
}
