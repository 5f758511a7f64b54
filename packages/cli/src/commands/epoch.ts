import { action, type Cli } from '../cli.ts'
import type { AddCommand } from '../add-command.ts'
import { settings } from '../settings.ts'

const STATEMENT_TIMEOUT_MS = 5_000

const READ_EPOCH = 'SELECT epoch FROM stream_epoch'
const RENEW_EPOCH = `UPDATE stream_epoch SET epoch = replace(gen_random_uuid()::text, '-', '') RETURNING epoch`

export const addEpoch: AddCommand = (program, terminal, finished) => {
  const epoch = program
    .command('epoch')
    .description("the name of the database's history, which every position of a client carries (DATABASE_URL)")
  epoch
    .command('show')
    .description('show it')
    .action(action(terminal, finished, async (cli) => print(cli, READ_EPOCH, true)))
  epoch
    .command('renew')
    .description('void all positions, as the owner: after a restore, or a failover that may have lost commits')
    .addHelpText(
      'after',
      '\nClients take a snapshot when they come back, readers of the feed of refunds begin anew. Gateways that' +
        '\nrun on notice it by themselves.',
    )
    .action(action(terminal, finished, async (cli) => print(cli, RENEW_EPOCH, false)))
}

async function print(cli: Cli, statement: string, readOnly: boolean): Promise<void> {
  const { DATABASE_URL: url } = await settings(cli.env, ['DATABASE_URL'])
  const { connectDatabase } = await import('../connect-database.ts')
  await using database = await connectDatabase({ url, as: 'login', readOnly, statementTimeoutMs: STATEMENT_TIMEOUT_MS })
  const [row] = await database.query<{ epoch: string }>(statement)
  cli.print(row, () => row!.epoch)
}
