import type { WebhookType } from '@paxyo/contracts'
import type { ChangeEndpoint, WebhookEndpoint } from '@paxyo/panel-client'
import { readFile } from 'node:fs/promises'
import { withPanelApi } from '../api/with-panel-api.ts'
import type { Cli } from '../cli.ts'
import { Failure } from '../failure.ts'
import { printable } from '../output/printable.ts'
import { table } from '../output/table.ts'

export interface EndpointOptions {
  readonly url?: string
  readonly types?: string
  readonly ca?: string
  readonly insecure?: boolean
}

export async function listEndpoints(cli: Cli): Promise<void> {
  const { data } = await withPanelApi(cli, (api) => api.outgoingWebhooks.endpoints.list())
  cli.print(data, () => (data.length === 0 ? 'No endpoints.' : table(data.map(toRow))))
}

const toRow = ({ endpointId, url, types, isEnabled, waiting }: WebhookEndpoint): string[] => [
  endpointId,
  printable(url),
  types.join(','),
  isEnabled ? 'enabled' : 'disabled',
  `${waiting} waiting`,
]

/** Creates an endpoint, shows its secret once, and pings it. */
export async function createEndpoint(cli: Cli, options: EndpointOptions, url: string): Promise<void> {
  const given = await toChange(options)
  const created = await withPanelApi(cli, async (api) => {
    const { endpoint, secret } = await api.outgoingWebhooks.endpoints.create({ ...given, url })
    // Whatever happens to the ping, the secret is shown: it cannot be read again, and the endpoint signs with it.
    const ping = await api.outgoingWebhooks.endpoints
      .ping(endpoint.endpointId)
      .catch((error: Error) => ({ isDelivered: false, status: null, error: error.message }))
    return { endpoint, secret, ping }
  })
  const { endpoint, secret, ping } = created
  cli.print(created, () => [table([toRow(endpoint)]), `secret, shown once: ${secret}`, describePing(ping)].join('\n'))
}

export async function changeEndpoint(cli: Cli, options: EndpointOptions, endpointId: string): Promise<void> {
  await change(cli, endpointId, await toChange(options))
}

export async function enableEndpoint(cli: Cli, endpointId: string, isEnabled: boolean): Promise<void> {
  await change(cli, endpointId, { isEnabled })
}

async function change(cli: Cli, endpointId: string, given: ChangeEndpoint): Promise<void> {
  const endpoint = await withPanelApi(cli, (api) => api.outgoingWebhooks.endpoints.change(endpointId, given))
  cli.print(endpoint, () => table([toRow(endpoint)]))
}

export async function deleteEndpoint(cli: Cli, endpointId: string): Promise<void> {
  const deleted = await withPanelApi(cli, (api) => api.outgoingWebhooks.endpoints.delete(endpointId))
  cli.print(deleted, () => `${printable(endpointId)} is deleted.`)
}

export interface RotateOptions {
  readonly retire?: boolean
  readonly replace?: boolean
}

export async function rotateSecret(
  cli: Cli,
  { retire = false, replace = false }: RotateOptions,
  endpointId: string,
): Promise<void> {
  if (retire && replace) throw new Failure('usage', '--retire and --replace exclude each other')
  const other = replace ? 'replace' : 'add'
  const step = retire ? 'retire' : other
  const rotated = await withPanelApi(cli, (api) => api.outgoingWebhooks.endpoints.rotateSecret(endpointId, step))
  cli.print(rotated, () =>
    rotated.secret === null
      ? 'The older secret is removed.'
      : `new secret, shown once: ${rotated.secret}\nConfigure the receiver with it, then remove the older one: --retire.`,
  )
}

export async function pingEndpoint(cli: Cli, endpointId: string): Promise<void> {
  const ping = await withPanelApi(cli, (api) => api.outgoingWebhooks.endpoints.ping(endpointId))
  if (!ping.isDelivered) cli.finish('violations')
  cli.print(ping, () => describePing(ping))
}

const describePing = ({
  isDelivered,
  status,
  error,
}: {
  isDelivered: boolean
  status: number | null
  error: string | null
}) => (isDelivered ? `ping: status ${status}` : `ping failed: ${printable(error ?? '')}`)

async function toChange({ url, types, ca, insecure }: EndpointOptions): Promise<ChangeEndpoint> {
  return {
    ...(url === undefined ? {} : { url }),
    // The API rejects a type that it does not know.
    ...(types === undefined ? {} : { types: types.split(',') as WebhookType[] }),
    ...(ca === undefined ? {} : { ca: await readFile(ca, 'utf8') }),
    ...(insecure === undefined ? {} : { isInsecure: insecure }),
  }
}
