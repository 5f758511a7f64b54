import type { Command } from 'commander'
import { action } from '../cli.ts'
import type { AddCommand } from '../add-command.ts'
import type { ListWebhooksOptions, RetryWebhooksOptions } from '../back-office/outgoing-webhooks.ts'
import type { EndpointOptions, RotateOptions } from '../back-office/webhook-endpoints.ts'
import { parseLimit } from './limit.ts'

const load = () => import('../back-office/outgoing-webhooks.ts')
const loadEndpoints = () => import('../back-office/webhook-endpoints.ts')

export const addOutgoingWebhooks: AddCommand = (program, terminal, finished) => {
  const webhooks = program
    .command('outgoing-webhooks')
    .description('outgoing webhooks about changes, and their endpoints (PAXYO_URL, PAXYO_API_KEY)')
  webhooks
    .command('list')
    .description('list them, the newest first')
    .option('--state <state>', 'pending, delivered, superseded or dead')
    .option('--endpoint <endpointId>', 'only those to this endpoint')
    .option('-l, --limit <count>', 'how many', parseLimit, 50)
    .action(
      action(terminal, finished, async (cli, options: ListWebhooksOptions) =>
        (await load()).listWebhooks(cli, options),
      ),
    )
  webhooks
    .command('show')
    .description('show one with its attempts and its body')
    .argument('<webhookId>')
    .action(action(terminal, finished, async (cli, _options, id: string) => (await load()).showWebhook(cli, id)))
  webhooks
    .command('retry')
    .description('send one again now, or all dead ones')
    .argument('[webhookId]')
    .option('--dead', 'all dead ones')
    .action(
      action(terminal, finished, async (cli, options: RetryWebhooksOptions, id: string | undefined) =>
        (await load()).retryWebhooks(cli, id, options),
      ),
    )
  webhooks
    .command('ping')
    .description('send a signed ping to an endpoint, and show its response')
    .argument('[endpointId]', 'the one of OUTGOING_WEBHOOK_URL without it', 'environment')
    .action(
      action(terminal, finished, async (cli, _options, id: string) => (await loadEndpoints()).pingEndpoint(cli, id)),
    )
  addEndpoints(webhooks, terminal, finished)
}

const addEndpoints: AddCommand = (parent, terminal, finished) => {
  const endpoints = parent.command('endpoints').description('where they are sent')
  const withOptions = (command: Command): Command =>
    command
      .option('--types <types>', 'which, such as order.updated,refund.paid')
      .option('--ca <file>', "the receiver's certificate authority, PEM")
      .option('--insecure', 'accept any certificate; on this machine only')
  endpoints
    .command('list')
    .description('list them')
    .action(action(terminal, finished, async (cli) => (await loadEndpoints()).listEndpoints(cli)))
  withOptions(
    endpoints.command('create').description('create one, show its secret, and ping it').argument('<url>'),
  ).action(
    action(terminal, finished, async (cli, options: EndpointOptions, url: string) =>
      (await loadEndpoints()).createEndpoint(cli, options, url),
    ),
  )
  withOptions(
    endpoints
      .command('change')
      .description('change one')
      .argument('<endpointId>')
      .option('--url <url>', 'another address'),
  ).action(
    action(terminal, finished, async (cli, options: EndpointOptions, id: string) =>
      (await loadEndpoints()).changeEndpoint(cli, options, id),
    ),
  )
  for (const [name, isEnabled] of [
    ['enable', true],
    ['disable', false],
  ] as const) {
    endpoints
      .command(name)
      .description(isEnabled ? 'send what it missed, and everything from now on' : 'send nothing until it is enabled')
      .argument('<endpointId>')
      .action(
        action(terminal, finished, async (cli, _options, id: string) =>
          (await loadEndpoints()).enableEndpoint(cli, id, isEnabled),
        ),
      )
  }
  endpoints
    .command('rotate')
    .description('add a secret that signs in addition, remove the older one, or replace the newer one')
    .argument('<endpointId>')
    .option('--retire', 'remove the older one')
    .option('--replace', 'replace the newer one, which the receiver does not use yet')
    .action(
      action(terminal, finished, async (cli, options: RotateOptions, id: string) =>
        (await loadEndpoints()).rotateSecret(cli, options, id),
      ),
    )
  endpoints
    .command('delete')
    .description('delete one with its webhooks')
    .argument('<endpointId>')
    .action(
      action(terminal, finished, async (cli, _options, id: string) => (await loadEndpoints()).deleteEndpoint(cli, id)),
    )
}
