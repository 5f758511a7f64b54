import { Option } from 'commander'
import { action } from '../cli.ts'
import type { ListReviewsOptions, ResolveOptions } from '../back-office/reviews.ts'
import type { AddCommand } from '../add-command.ts'
import { parseLimit } from './limit.ts'

const load = () => import('../back-office/reviews.ts')

export const addReviews: AddCommand = (program, terminal, finished) => {
  const reviews = program.command('reviews').description('what a person must look at (PAXYO_URL, PAXYO_API_KEY)')
  reviews
    .command('list')
    .description('list reviews, the newest first')
    .addOption(new Option('-s, --state <state>', 'which').choices(['open', 'resolved', 'all']).default('open'))
    .option('--reason <reason>', 'only those for this reason')
    .option('--order <orderId>', 'only those of this order')
    .option('-l, --limit <count>', 'how many', parseLimit, 50)
    .action(
      action(terminal, finished, async (cli, options: ListReviewsOptions) => (await load()).listReviews(cli, options)),
    )
  reviews
    .command('show')
    .description('show one, with its order')
    .argument('<reviewId>')
    .action(action(terminal, finished, async (cli, _options, id: string) => (await load()).showReview(cli, id)))
  reviews
    .command('resolve')
    .description('decide: dismiss it, pay something back, or set the status')
    .argument('<reviewId>')
    .option('--dismiss', 'leave everything as it is')
    .option('--refund <amount>', 'pay this back, beside what was paid before')
    .option('--status <status>', 'what the order becomes; alone, or with --refund')
    .requiredOption('-n, --note <text>', 'why')
    .option('-b, --by <name>', 'who decided; the name of the API key otherwise')
    .action(
      action(terminal, finished, async (cli, options: ResolveOptions, id: string) =>
        (await load()).resolveReview(cli, id, options),
      ),
    )
}
