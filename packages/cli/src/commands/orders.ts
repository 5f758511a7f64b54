import type { Command } from 'commander'
import type { AttachOptions } from '../back-office/attach-provider-order.ts'
import type { ActionOptions } from '../back-office/order-actions.ts'
import { action, type Cli } from '../cli.ts'
import { Failure } from '../failure.ts'
import { ORDER_FIELDS } from '../import/fields.ts'
import { findOrder } from '../orders/find-order.ts'
import { refundStatus } from '../orders/refund-status.ts'
import { renderOrder, renderWaiting } from '../orders/render-order.ts'
import type { AddCommand } from '../add-command.ts'
import { settings } from '../settings.ts'
import { addImport } from './add-import.ts'

const STATEMENT_TIMEOUT_MS = 30_000

interface ProviderOptions {
  readonly provider?: string
}

export const addOrders: AddCommand = (program, terminal, finished) => {
  const orders = program.command('orders').description('orders and their refunds; orders from another system')
  orders
    .command('show')
    .description('show an order with its refunds, deliveries, reviews and events (DATABASE_URL)')
    .argument('<id>', "the panel's order id; or the provider's, if no order has it and one provider does")
    .option('-p, --provider <name>', "takes the id as this provider's")
    .action(
      action(terminal, finished, (cli, { provider }: ProviderOptions, id: string) => showOrder(cli, id, provider)),
    )
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
  orders
    .command('attach')
    .description(
      "attach the provider's order, or replace it after the order was placed again (PAXYO_URL, PAXYO_API_KEY)",
    )
    .argument('<orderId>')
    .argument('<providerOrderId>')
    .option('-p, --provider <name>', 'needed with several providers')
    .option('-k, --key <key>', 'makes a late retry safe: the same key has its effect once')
    .action(
      action(terminal, finished, async (cli, options: AttachOptions, id: string, providerOrderId: string) => {
        const { attachProviderOrder } = await import('../back-office/attach-provider-order.ts')
        return attachProviderOrder(cli, id, providerOrderId, options)
      }),
    )
  addImport(
    orders,
    { things: 'orders', fields: ORDER_FIELDS, load: async () => (await import('../import/import-kinds.ts')).ORDERS },
    terminal,
    finished,
  )
}

const loadActions = () => import('../back-office/order-actions.ts')

async function showOrder(cli: Cli, id: string, provider: string | undefined): Promise<void> {
  const { DATABASE_URL: url } = await settings(cli.env, ['DATABASE_URL'])
  const { connectDatabase } = await import('../connect-database.ts')
  await using database = await connectDatabase({
    url,
    as: 'ingest',
    readOnly: true,
    statementTimeoutMs: STATEMENT_TIMEOUT_MS,
    signal: cli.signal,
  })
  const found = await findOrder(database, id, provider)
  if (found === undefined) {
    const where = provider === undefined ? 'neither the panel nor a provider has' : `${provider} has not sent`
    throw new Failure('not_found', `unknown order ${id}: ${where} an order with this id`)
  }
  if (found.kind === 'ambiguous') {
    const hint = `add --provider with one of ${found.providers.join(', ')}`
    throw new Failure('usage', `the id ${id} belongs to several providers: ${hint}`)
  }
  const value =
    found.kind === 'order'
      ? { order: { refundStatus: refundStatus(found.file), ...found.file }, waiting: [] }
      : { order: null, waiting: found.deliveries }
  cli.print(value, () => (found.kind === 'order' ? renderOrder(found.file, cli) : renderWaiting(id, found.deliveries)))
  if (found.kind === 'waiting') cli.finish('not_found')
}
