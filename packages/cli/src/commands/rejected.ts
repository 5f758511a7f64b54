import { action } from '../cli.ts'
import type { AddCommand } from '../add-command.ts'
import type { ListRejectedOptions, ReplayRejectedOptions } from '../back-office/rejected.ts'
import { parseLimit } from './limit.ts'

const load = () => import('../back-office/rejected.ts')

export const addRejected: AddCommand = (program, terminal, finished) => {
  const rejected = program
    .command('rejected')
    .description('webhooks that were authenticated but could not be read (PAXYO_URL, PAXYO_API_KEY)')
  rejected
    .command('list')
    .description('list rejected requests, the newest first')
    .option('--provider <name>', 'only those of this provider')
    .option('--state <state>', 'open, replayed or all', 'open')
    .option('-l, --limit <count>', 'how many', parseLimit, 50)
    .action(
      action(terminal, finished, async (cli, options: ListRejectedOptions) =>
        (await load()).listRejected(cli, options),
      ),
    )
  rejected
    .command('show')
    .description('show one with its body')
    .argument('<requestId>')
    .action(action(terminal, finished, async (cli, _options, id: string) => (await load()).showRejected(cli, id)))
  rejected
    .command('replay')
    .description('read one again, or all of them, after the configuration or this version has changed')
    .argument('[requestId]', 'all open ones without it')
    .option('--provider <name>', 'only those of this provider')
    .action(
      action(terminal, finished, async (cli, options: ReplayRejectedOptions, id: string | undefined) =>
        (await load()).replayRejected(cli, id, options),
      ),
    )
}
