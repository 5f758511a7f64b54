import type { Command } from 'commander'
import type { ActionOptions } from '../back-office/order-actions.ts'
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
  const withDecision = (command: Command): Command =>
    command
      .requiredOption('-n, --note <text>', 'why')
      .option('-b, --by <name>', 'who decided; the name of the API key otherwise')
      .option('-k, --key <key>', 'makes a retry safe: the same key has its effect once')
  withDecision(
    orders
      .command('refund')
      .description('refund an amount of an order (PAXYO_URL, PAXYO_API_KEY)')
      .argument('<orderId>')
      .argument('<amount>', 'in addition to earlier refunds'),
  ).action(
    action(terminal, finished, async (cli, options: ActionOptions, id: string, amount: string) =>
      (await loadActions()).refundOrder(cli, id, amount, options),
    ),
  )
  withDecision(
    orders.command('cancel').description('cancel an order and refund what is left of its charge').argument('<orderId>'),
  ).action(
    action(terminal, finished, async (cli, options: ActionOptions, id: string) =>
      (await loadActions()).cancelOrder(cli, id, options),
    ),
  )
  withDecision(
    orders
      .command('set-status')
      .description('set the status of an order; no money moves')
      .argument('<orderId>')
      .argument('<status>'),
  ).action(
    action(terminal, finished, async (cli, options: ActionOptions, id: string, status: string) =>
      (await loadActions()).setOrderStatus(cli, id, status, options),
    ),
  )
  addImport(
    orders,
    { things: 'orders', fields: ORDER_FIELDS, load: async () => (await import('../import/import-kinds.ts')).ORDERS },
    terminal,
    finished,
  )
}

const loadActions = () => import('../back-office/order-actions.ts')

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
