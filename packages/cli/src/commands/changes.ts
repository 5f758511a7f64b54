import { action, type Cli } from '../cli.ts'
import type { AddCommand } from '../add-command.ts'
import type { FollowChangesOptions, ListChangesOptions } from '../back-office/changes.ts'
import { parseLimit } from './limit.ts'

const load = () => import('../back-office/changes.ts')

const follow = async (cli: Cli, options: FollowChangesOptions): Promise<void> =>
  (await load()).followChanges(cli, options)

export const addChanges: AddCommand = (program, terminal, finished) => {
  const changes = program
    .command('changes')
    .description('all changes of orders, accounts and reviews, in commit order (PAXYO_URL, PAXYO_API_KEY)')
  changes
    .command('list')
    .description('list changes from a cursor')
    .requiredOption('--after <cursor>', 'the cursor at the end of an earlier list, or of the copy of the orders')
    .option('--types <types>', 'only these, such as order.updated,account.updated')
    .option('-l, --limit <count>', 'how many', parseLimit, 50)
    .action(
      action(terminal, finished, async (cli, options: ListChangesOptions) => (await load()).listChanges(cli, options)),
    )
  changes
    .command('follow')
    .description('print changes as they are committed, until Ctrl-C')
    .option('--after <cursor>', 'begin after this cursor instead of now')
    .option('--types <types>', 'only these, such as order.updated,account.updated')
    .action(action(terminal, finished, follow))
}
