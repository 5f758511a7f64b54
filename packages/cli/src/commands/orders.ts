import { action, type Cli } from '../cli.ts'
import { Failure } from '../failure.ts'
import { ORDER_FIELDS } from '../import/fields.ts'
import { readOrderFiles } from '../orders/read-order-file.ts'
import { refundStatus } from '../orders/refund-status.ts'
import { renderOrder, renderWaiting } from '../orders/render-order.ts'
import type { AddCommand } from '../add-command.ts'
import { settings } from '../settings.ts'
import { addImport } from './add-import.ts'

const STATEMENT_TIMEOUT_MS = 30_000

export const addOrders: AddCommand = (program, terminal, finished) => {
  const orders = program.command('orders').description('orders and their refunds; orders from another system')
  orders
    .command('show')
    .description('show an order with its refunds, deliveries, reviews and events (DATABASE_URL)')
    .argument('<id>', "the panel's order id, or the provider's")
    .action(action(terminal, finished, (cli, _options, id: string) => showOrder(cli, id)))
  addImport(
    orders,
    { things: 'orders', fields: ORDER_FIELDS, load: async () => (await import('../import/import-kinds.ts')).ORDERS },
    terminal,
    finished,
  )
}

async function showOrder(cli: Cli, id: string): Promise<void> {
  const { DATABASE_URL: url } = await settings(cli.env, ['DATABASE_URL'])
  const { connectDatabase } = await import('../connect-database.ts')
  await using database = await connectDatabase({
    url,
    as: 'ingest',
    readOnly: true,
    statementTimeoutMs: STATEMENT_TIMEOUT_MS,
    signal: cli.signal,
  })
  const { files, waiting } = await readOrderFiles(database, id)
  if (files.length === 0 && waiting.length === 0) {
    throw new Failure('not_found', `unknown order ${id}: neither the panel nor a provider has an order with this id`)
  }
  const value = { orders: files.map((file) => ({ refundStatus: refundStatus(file), ...file })), waiting }
  cli.print(value, () =>
    files.length === 0 ? renderWaiting(id, waiting) : files.map((file) => renderOrder(file, cli)).join('\n\n'),
  )
  if (files.length === 0) cli.finish('not_found')
}
