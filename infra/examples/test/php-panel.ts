import { createPanelClient } from '@paxyo/panel-client'
import { providePhp, startPhpServer, TEST_JWT_SECRET, type PhpServer } from '@paxyo/testkit'
import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { PANEL_KEY, type System } from '../../e2e/system.ts'

export const EXAMPLE = fileURLToPath(new URL('../php/', import.meta.url))
export const PHP_EXTENSIONS = ['curl', 'pdo_mysql', 'pdo_sqlite'] as const

/** The example panel in PHP, with an endpoint for its webhooks. */
export interface PhpPanel {
  readonly server: PhpServer
  readonly env: Readonly<Record<string, string>>
  readonly endpointId: string
}

/** Runs PHP until it ends, and returns what it prints. */
export async function runPhp(args: readonly string[], env: Readonly<Record<string, string>>): Promise<string> {
  const options = { env: { PATH: process.env['PATH'], ...env } }
  const { stdout } = await promisify(execFile)(providePhp(...PHP_EXTENSIONS), args, options)
  return stdout
}

/** Creates its tables and an endpoint, and starts PHP's own server. */
export async function startPhpPanel(system: System, settings: Readonly<Record<string, string>>): Promise<PhpPanel> {
  const { endpoints } = createPanelClient({ url: system.ingest.url, apiKey: PANEL_KEY }).outgoingWebhooks
  const types = ['order.updated', 'refund.paid'] as const
  const { endpoint, secret } = await endpoints.create({ url: 'http://127.0.0.1:9/', types: [...types] })
  const env = {
    PAXYO_GATEWAY: system.gateway.url,
    PAXYO_API: system.ingest.url,
    PAXYO_PANEL_KEY: PANEL_KEY,
    PAXYO_JWT_SECRET: TEST_JWT_SECRET,
    PAXYO_WEBHOOK_SECRET: secret,
    ...settings,
  }
  await runPhp([`${EXAMPLE}install.php`], env)
  const server = await startPhpServer(`${EXAMPLE}public`, env, { extensions: PHP_EXTENSIONS })
  await endpoints.change(endpoint.endpointId, { url: `${server.url}/webhook.php` })
  return { server, env, endpointId: endpoint.endpointId }
}
