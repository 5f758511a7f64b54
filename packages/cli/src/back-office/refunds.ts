import { PAGE_SIZE_MAX, type PanelRefund, type ReadRefundsQuery } from '@paxyo/panel-client'
import { withPanelApi } from '../api/with-panel-api.ts'
import type { Cli } from '../cli.ts'
import { Failure } from '../failure.ts'
import { printable } from '../output/printable.ts'
import { startProgress } from '../output/progress.ts'
import { table } from '../output/table.ts'

export async function listRefunds(cli: Cli, { after, limit }: { after?: string; limit: number }): Promise<void> {
  const refunds: PanelRefund[] = []
  let cursor = after
  await withPanelApi(cli, async (api) => {
    for (let hasMore = true; hasMore && refunds.length < limit;) {
      const page = await api.refunds.read(feedQuery(cursor, limit - refunds.length))
      refunds.push(...page.data)
      ;({ cursor, hasMore } = page)
    }
  })
  cli.print({ data: refunds, cursor }, () =>
    [
      table(
        refunds.map(({ at, orderId, userId, amount, currency, orderRefunded, refundId }) => [
          at,
          printable(orderId),
          printable(userId),
          `${amount} ${currency}`,
          `${orderRefunded} in total`,
          refundId,
        ]),
      ),
      `${refunds.length} refunds; continue with --after ${cursor}`,
    ]
      .filter((part) => part !== '')
      .join('\n'),
  )
}

const COLUMNS = [
  'position',
  'refundId',
  'at',
  'orderId',
  'providerOrderId',
  'userId',
  'amount',
  'currency',
  'orderRefunded',
  'balanceAfter',
] as const satisfies readonly (keyof PanelRefund)[]

/** Writes while it reads, with one page in memory. The cursor goes to the error output, apart from the rows. */
export async function exportRefunds(cli: Cli, { after, format }: { after?: string; format: string }): Promise<void> {
  if (format !== 'csv' && format !== 'ndjson') throw new Failure('usage', `${format}: the format is csv or ndjson`)
  const isCsv = format === 'csv' && !cli.asJson
  const progress = startProgress(cli, 'refunds', 'rows')
  if (isCsv) cli.out(`${COLUMNS.join(',')}\n`)
  let count = 0
  let cursor = after
  await withPanelApi(cli, async (api) => {
    for await (const page of api.refunds.pages(feedQuery(after, PAGE_SIZE_MAX))) {
      for (const refund of page.data) cli.out(isCsv ? toCsv(refund) : `${JSON.stringify(refund)}\n`)
      count += page.data.length
      cursor = page.cursor
      progress.update(count)
    }
  })
  progress.end()
  cli.err(`${count} refunds; continue the next export with --after ${cursor}\n`)
}

const feedQuery = (after: string | undefined, left: number): ReadRefundsQuery => ({
  limit: Math.min(left, PAGE_SIZE_MAX),
  ...(after === undefined ? {} : { after }),
})

const toCsv = (refund: PanelRefund): string => `${COLUMNS.map((column) => toCell(String(refund[column]))).join(',')}\n`

/** Quoted where needed. A spreadsheet evaluates a cell that begins like a formula, so such an id gets a leading quote. */
function toCell(text: string): string {
  const inert = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\n\r]/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert
}
