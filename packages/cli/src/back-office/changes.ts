import { CHANGES_MAX, type PanelChange, type ReadChangesQuery } from '@paxyo/panel-client'
import { withPanelApi } from '../api/with-panel-api.ts'
import type { Cli } from '../cli.ts'
import { printable } from '../output/printable.ts'

export interface ListChangesOptions {
  readonly after: string
  readonly types?: string
  readonly limit: number
}

export interface FollowChangesOptions {
  readonly after?: string
  readonly types?: string
}

export async function listChanges(cli: Cli, { after, types, limit }: ListChangesOptions): Promise<void> {
  const changes: PanelChange[] = []
  let cursor = after
  await withPanelApi(cli, async (api) => {
    for (let hasMore = true; hasMore && changes.length < limit;) {
      const page = await api.changes.read(toQuery(cursor, types, limit - changes.length))
      changes.push(...page.data)
      ;({ cursor, hasMore } = page)
    }
  })
  cli.print({ data: changes, cursor }, () =>
    [...changes.map(toLine), `${changes.length} changes; continue with --after ${cursor}`].join('\n'),
  )
}

/** Prints changes as they are committed, until the signal. */
export async function followChanges(cli: Cli, { after, types }: FollowChangesOptions): Promise<void> {
  try {
    await withPanelApi(cli, async (api) => {
      for await (const { data } of api.changes.follow(toQuery(after, types, CHANGES_MAX))) {
        for (const change of data) cli.out(`${cli.asJson ? JSON.stringify(change) : toLine(change)}\n`)
      }
    })
  } catch (error) {
    if (!cli.signal.aborted) throw error
  }
}

const toQuery = (after: string | undefined, types: string | undefined, left: number): ReadChangesQuery => ({
  limit: Math.min(left, CHANGES_MAX),
  ...(after === undefined ? {} : { after }),
  ...(types === undefined ? {} : { types }),
})

function toLine(change: PanelChange): string {
  const { at, type, userId } = change
  return [at, type.padEnd('order.registered'.length), printable(userId ?? '-'), ...details(change)].join('  ')
}

function details(change: PanelChange): string[] {
  if (!('order' in change)) return [`${change.account.balance} ${change.account.currency}`]
  const order = change.order === null ? 'no order' : printable(change.order.orderId)
  if ('review' in change) return [order, change.review.reason, change.review.resolution?.action ?? 'open']
  const { status, refunded, currency } = change.order
  const from = change.previousStatus === null ? '' : `${change.previousStatus} → `
  const refund = 'refund' in change && change.refund !== undefined ? [`refund ${change.refund.amount} ${currency}`] : []
  return [order, `${from}${status}`, ...refund, `${refunded} in total`]
}
