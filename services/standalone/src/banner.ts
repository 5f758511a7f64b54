export interface BannerOptions {
  readonly address: string
  /** Undefined when `PROVIDERS_FILE` contains the tokens. */
  readonly webhookToken: string | undefined
  readonly panelKey: string
  /** An order to cancel; undefined without the demo, which needs the webhook token. */
  readonly openOrderId: string | undefined
}

/** The lines to print after the start: address, example command, token and key. */
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
  // cmd on Windows does not support single quotes.
  const quoted = process.platform === 'win32' ? `"${body.replaceAll('"', '\\"')}"` : `'${body}'`
  return `curl -X POST ${url} -H "Content-Type: application/json" -d ${quoted}`
}
