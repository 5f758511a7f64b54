export interface ScriptTagOptions {
  /** Where the gateway is, such as `https://rt.example.com`. */
  readonly gateway: string
  /** The panel's route that gives a signed-in user a token. */
  readonly tokenUrl: string
  /** The panel's route that gives the balance; undefined when Paxyo keeps the balances. */
  readonly balanceUrl?: string | undefined
}

const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('"', '&quot;')

/**
 * The tag that keeps a panel's page current.
 *
 * @example
 * scriptTag({ gateway: 'https://rt.example', tokenUrl: '/t' }) //=> '<script src="https://rt.example/paxyo.js" data-token-url="/t"></script>'
 */
export function scriptTag({ gateway, tokenUrl, balanceUrl }: ScriptTagOptions): string {
  const balance = balanceUrl === undefined ? '' : ` data-balance-url="${escaped(balanceUrl)}"`
  const source = `${escaped(gateway.replace(/\/$/, ''))}/paxyo.js`
  return `<script src="${source}" data-token-url="${escaped(tokenUrl)}"${balance}></script>`
}
