import { connectApi } from '../api/api-client.ts'
import type { Cli } from '../cli.ts'
import { Failure } from '../failure.ts'
import { printable } from '../output/printable.ts'
import { startProgress } from '../output/progress.ts'
import { table } from '../output/table.ts'
import { readRefunds, type Refund } from './pages.ts'

export async function listRefunds(cli: Cli, { after, limit }: { after?: string; limit: number }): Promise<void> {
  const api = await connectApi(cli.env, cli.signal)
  const refunds: Refund[] = []
  let cursor = after
  for await (const page of readRefunds(api, after, limit)) {
    refunds.push(...page.refunds)
    cursor = page.cursor
  }
  cli.print({ data: refunds, cursor }, () =>
    [
      table(
        refunds.map(({ at, orderId, userId, amount, currency, orderRefunded, refundId }) => [
          at,
          printable(orderId),
          printable(userId),
          `${amount} ${currency}`,
          `${orderRefunded} in all`,
          refundId,
        ]),
      ),
      `${refunds.length} refunds; more from here: --after ${cursor}`,
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
] as const satisfies readonly (keyof Refund)[]

/** Writes as it reads, a page at a time in memory. The cursor goes to the error output, beside the rows. */
export async function exportRefunds(cli: Cli, { after, format }: { after?: string; format: string }): Promise<void> {
  if (format !== 'csv' && format !== 'ndjson') throw new Failure('usage', `${format}: the format is csv or ndjson`)
  const isCsv = format === 'csv' && !cli.asJson
  const api = await connectApi(cli.env, cli.signal)
  const progress = startProgress(cli, 'refunds', 'rows')
  if (isCsv) cli.out(`${COLUMNS.join(',')}\n`)
  let count = 0
  let cursor = after
  for await (const page of readRefunds(api, after, Infinity)) {
    for (const refund of page.refunds) cli.out(isCsv ? toCsv(refund) : `${JSON.stringify(refund)}\n`)
    count += page.refunds.length
    cursor = page.cursor
    progress.update(count)
  }
  progress.end()
  cli.err(`${count} refunds; the next export goes on with --after ${cursor}\n`)
}

const toCsv = (refund: Refund): string => `${COLUMNS.map((column) => toCell(String(refund[column]))).join(',')}\n`

/** Quoted where needed. A spreadsheet takes what begins like a formula for one, so an id of that kind gets a quote. */
function toCell(text: string): string {
  const inert = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text
  return /[",\n\r]/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert
}
