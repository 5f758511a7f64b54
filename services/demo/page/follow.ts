import { connect, type ConnectionStatus, type Position } from '@paxyo/browser-client'
import type { Change } from './state/reduce.ts'

export interface FollowOptions {
  readonly userId: string
  readonly url: string
  /** Where the state that is shown already stands in the stream. */
  readonly position: Position | undefined
  readonly onChange: (change: Change) => void
  readonly onStatus: (status: ConnectionStatus) => void
}

/** Follows the user's stream by the SDK, in the words of our state. */
export function followStream({ userId, url, position, onChange, onStatus }: FollowOptions): void {
  const client = connect({ url, userId, getToken, ...(position === undefined ? {} : { position }) })
  client.on('snapshot', onChange)
  // A refund comes with its order, in the same event.
  client.on('order', ({ event, ...change }) => onChange({ ...change, isNew: event === 'order.registered' }))
  // The account comes with its order, too; what comes alone is a deposit, or another change by hand.
  client.on('account', ({ account, seq }) => onChange({ type: 'account', seq, account, at: new Date().toISOString() }))
  // A kind of event that this page does not know; what it says of the account comes as `account`.
  client.on('event', ({ seq, account }) => account === undefined && onChange({ type: 'other', seq }))
  client.on('status', ({ status }) => onStatus(status))
  onStatus(client.status)
}

async function getToken({ signal }: { readonly signal: AbortSignal }): Promise<string> {
  const response = await fetch('/demo/token', { signal })
  if (!response.ok) throw new Error(`no token: ${response.status}`)
  const { token } = (await response.json()) as { token: string }
  return token
}
