import { join } from 'node:path'

export interface BannerOptions {
  readonly address: string
  /** Undefined when `PROVIDERS_FILE` contains the tokens. */
  readonly webhookToken: BannerSecret | undefined
  readonly panelKey: BannerSecret
  /** An order to cancel; undefined without the demo, which needs the webhook token. */
  readonly openOrderId: string | undefined
  /** Undefined when the console is not served. */
  readonly consolePage: string | undefined
}

/** A secret, or where it is. */
export type BannerSecret = { readonly value: string } | { readonly place: string }

export interface SecretSource {
  /** Of the variable. */
  readonly configured: readonly string[]
  readonly variable: string
  readonly generated: string
  readonly dataDir: string
  readonly isProduction: boolean
  readonly isTerminal: boolean
}

/** A configured secret is not printed, and in production a generated one on a terminal only: the output is a log. */
export function bannerSecret(source: SecretSource): BannerSecret {
  const { configured, variable, generated, dataDir, isProduction, isTerminal } = source
  if (configured.length > 0) return { place: `in ${variable}` }
  return !isProduction || isTerminal ? { value: generated } : { place: `in ${join(dataDir, 'secrets.json')}` }
}

/** The lines to print after the start: address, example command, token, key and console. */
export function bannerLines({ address, webhookToken, panelKey, openOrderId, consolePage }: BannerOptions): string[] {
  const last = [`panel key: ${textOf(panelKey)}`, ...(consolePage === undefined ? [] : [`console: ${consolePage}`])]
  if (webhookToken === undefined) return last
  const inPath = 'value' in webhookToken ? webhookToken.value : 'TOKEN'
  const demo =
    openOrderId === undefined
      ? []
      : [`page: ${address}/`, `try: ${curl(`${address}/webhooks/godofpanel/${inPath}`, openOrderId)}`]
  return [...demo, `webhook token: ${textOf(webhookToken)}`, ...last]
}

const textOf = (secret: BannerSecret): string => ('value' in secret ? secret.value : secret.place)

function curl(url: string, orderId: string): string {
  const body = JSON.stringify({ order_id: orderId, status: 'canceled' })
  // cmd on Windows does not support single quotes.
  const quoted = process.platform === 'win32' ? `"${body.replaceAll('"', '\\"')}"` : `'${body}'`
  return `curl -X POST ${url} -H "Content-Type: application/json" -d ${quoted}`
}
