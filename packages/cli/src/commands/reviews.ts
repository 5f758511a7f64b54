import { Option } from 'commander'
import { action } from '../cli.ts'
import type { ListReviewsOptions, MapWordOptions, ResolveOptions } from '../back-office/reviews.ts'
import type { AddCommand } from '../add-command.ts'
import { parseLimit } from './limit.ts'

const load = () => import('../back-office/reviews.ts')

export const addReviews: AddCommand = (program, terminal, finished) => {
  const reviews = program.command('reviews').description('cases that a person must decide (PAXYO_URL, PAXYO_API_KEY)')
  reviews
    .command('list')
    .description('list reviews, newest first')
    .addOption(new Option('-s, --state <state>', 'the state').choices(['open', 'resolved', 'all']).default('open'))
    .option('--reason <reason>', 'only reviews with this reason')
    .option('--order <orderId>', 'only reviews of this order')
    .option('-l, --limit <count>', 'how many', parseLimit, 50)
    .action(
      action(terminal, finished, async (cli, options: ListReviewsOptions) => (await load()).listReviews(cli, options)),
    )
  reviews
    .command('show')
    .description('show a review with its order')
    .argument('<reviewId>')
    .action(action(terminal, finished, async (cli, _options, id: string) => (await load()).showReview(cli, id)))
  reviews
    .command('map')
    .description('give the unknown status word of a review a meaning, for all later updates')
    .argument('<reviewId>')
    .argument('<status>', 'a status, or ignore for a word that changes nothing')
    .option('--preview', 'only show what the updates that wait would do')
    .option('-b, --by <name>', 'who decides (the name of the API key)')
    .action(
      action(terminal, finished, async (cli, options: MapWordOptions, id: string, status: string) =>
        (await load()).mapWord(cli, id, status, options),
      ),
    )
  reviews
    .command('replay')
    .description('replay all deliveries with the unknown status word of a review, once the word is mapped')
    .argument('<reviewId>')
    .option('-b, --by <name>', 'who replays (the name of the API key)')
    .action(
      action(terminal, finished, async (cli, { by }: { by?: string }, id: string) =>
        (await load()).replayReview(cli, id, by),
      ),
    )
  reviews
    .command('resolve')
    .description('resolve a review: approve the refund that waits, dismiss it, refund an amount, or set the status')
    .argument('<reviewId>')
    .option('--approve <amount>', 'pay the refund that waits, of this amount (paxyo reviews show)')
    .option('--dismiss', 'change nothing')
    .option('--refund <amount>', 'refund this amount, in addition to earlier refunds')
    .option('--status <status>', 'the new status of the order; alone, or with --refund')
    .requiredOption('-n, --note <text>', 'why')
    .option('-b, --by <name>', 'who decided (the name of the API key)')
    .action(
      action(terminal, finished, async (cli, options: ResolveOptions, id: string) =>
        (await load()).resolveReview(cli, id, options),
      ),
    )
}
