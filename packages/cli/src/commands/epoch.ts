import { action, type Cli } from '../cli.ts'
import type { AddCommand } from '../add-command.ts'
import { settings } from '../settings.ts'

const STATEMENT_TIMEOUT_MS = 5_000

const READ_EPOCH = 'SELECT epoch FROM stream_epoch'
/** The timeline belongs to the old history, too: webhook-ingest records that of the new one. */
const ROTATE_EPOCH = `
  UPDATE stream_epoch SET epoch = replace(gen_random_uuid()::text, '-', ''), timeline = NULL, is_synchronous = NULL
  RETURNING epoch`

export const addEpoch: AddCommand = (program, terminal, finished) => {
  const epoch = program
    .command('epoch')
    .description("the identifier of the database's history, part of every client's position (DATABASE_URL)")
  epoch
    .command('show')
    .description('show the epoch')
    .action(action(terminal, finished, async (cli) => print(cli, READ_EPOCH, true)))
  epoch
    .command('rotate')
    .description('void all positions: after a restore, or a failover that may have lost commits (as the owner)')
    .addHelpText(
      'after',
      '\nClients reconnect with a snapshot, and readers of the feeds start from the beginning. Running gateways' +
        '\ndetect the new epoch within seconds.',
    )
    .action(action(terminal, finished, async (cli) => print(cli, ROTATE_EPOCH, false)))
}

async function print(cli: Cli, statement: string, readOnly: boolean): Promise<void> {
  const { DATABASE_URL: url } = await settings(cli.env, ['DATABASE_URL'])
  const { connectDatabase } = await import('../connect-database.ts')
  await using database = await connectDatabase({ url, as: 'login', readOnly, statementTimeoutMs: STATEMENT_TIMEOUT_MS })
  const [row] = await database.query<{ epoch: string }>(statement)
  cli.print(row, () => row!.epoch)
}
