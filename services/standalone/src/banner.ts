export interface BannerOptions {
  readonly address: string
  /** Undefined when `PROVIDERS_FILE` has the tokens. */
  readonly webhookToken: string | undefined
  readonly panelKey: string
  /** An order to cancel; there is none without the demo, which needs the webhook token. */
  readonly openOrderId: string | undefined
}

/** What a newcomer needs, each on a line of its own. */
export function bannerLines({ address, webhookToken, panelKey, openOrderId }: BannerOptions): string[] {
  const demo =
    openOrderId === undefined
      ? []
      : [`page: ${address}/`, `try: ${curl(`${address}/webhooks/godofpanel/${webhookToken}`, openOrderId)}`]
  const token = webhookToken === undefined ? [] : [`webhook token: ${webhookToken}`]
  return [...demo, ...token, `panel key: ${panelKey}`]
}

function curl(url: string, orderId: string): string {
  const body = JSON.stringify({ order_id: orderId, status: 'canceled' })
  // Windows' cmd knows no single quotes.
  const quoted = process.platform === 'win32' ? `"${body.replaceAll('"', '\\"')}"` : `'${body}'`
  return `curl -X POST ${url} -H "Content-Type: application/json" -d ${quoted}`
}
