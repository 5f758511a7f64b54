import { Option } from 'commander'
import type { AddCommand } from '../add-command.ts'
import { action } from '../cli.ts'

const load = () => import('../back-office/overview.ts')

export const addSearch: AddCommand = (program, terminal, finished) => {
  program
    .command('search')
    .description('find orders by an id or the beginning of a link, and users by id (PAXYO_URL, PAXYO_API_KEY)')
    .argument('<text>')
    .action(
      action(terminal, finished, async (cli, _options: unknown, text: string) => (await load()).search(cli, text)),
    )
}

export const addSummary: AddCommand = (program, terminal, finished) => {
  const summary = program.command('summary').description('sums of refunds and webhooks (PAXYO_URL, PAXYO_API_KEY)')
  const timeZone = () => new Option('--time-zone <name>', 'where days begin at midnight').default('UTC')
  summary
    .command('today')
    .description('today against yesterday, and what is waiting')
    .addOption(timeZone())
    .action(
      action(terminal, finished, async (cli, options: { readonly timeZone: string }) =>
        (await load()).summarizeToday(cli, options.timeZone),
      ),
    )
  summary
    .command('days')
    .description('refunds by provider and service, and webhooks by outcome, for each day; at most 31 days')
    .argument('<from>', 'the first day, such as 2026-11-01')
    .argument('<to>', 'the last day')
    .addOption(timeZone())
    .action(
      action(terminal, finished, async (cli, options: { readonly timeZone: string }, fromDay: string, toDay: string) =>
        (await load()).summarizeDays(cli, { fromDay, toDay, timeZone: options.timeZone }),
      ),
    )
}

export const addTestWebhook: AddCommand = (program, terminal, finished) => {
  program
    .command('test-webhook')
    .description(
      'have webhook-ingest receive a webhook with the credentials of a provider, which completes a test order (PAXYO_URL, PAXYO_API_KEY)',
    )
    .argument('<provider>')
    .action(
      action(terminal, finished, async (cli, _options: object, provider: string) =>
        (await load()).testWebhook(cli, { provider }),
      ),
    )
}
