import { boundedText } from '@paxyo/contracts'
import { HOST_PATTERN, publicUrl } from '@paxyo/web-server'
import { z } from 'zod'

export const PANELS = ['php', 'other'] as const
/** `external`: the panel keeps the balances of its users; `kept`: Paxyo. */
export const BALANCES = ['external', 'kept'] as const
export const PROXIES = ['nginx', 'apache', 'caddy', 'none'] as const

const origin = z
  .string()
  .refine((text) => URL.canParse(text) && new URL(text).origin === text && /^https?:/.test(text), {
    error: 'must be an origin such as https://panel.example.com',
  })
const path = boundedText(4096, /^\/[\w./@+-]*$/, 'must be an absolute path without spaces')

/** What the files are written from, without secrets; kept as setup.json for `--check`. */
export const choicesSchema = z.strictObject({
  /** The public name, such as `rt.example.com`, with a port if it is not 443. */
  host: z
    .string()
    .toLowerCase()
    .pipe(boundedText(259, HOST_PATTERN, 'must be a host name such as rt.example.com')),
  /** The origin of the panel's pages. */
  panelOrigin: origin,
  panel: z.enum(PANELS, { error: `must be one of ${PANELS.join(', ')}` }),
  balance: z.enum(BALANCES, { error: `must be one of ${BALANCES.join(', ')}` }),
  provider: boundedText(32, /^[a-z0-9-]{1,32}$/, 'must be 1 to 32 lower-case letters, digits and hyphens'),
  /** `none`: the standalone terminates TLS itself. */
  proxy: z.enum(PROXIES, { error: `must be one of ${PROXIES.join(', ')}` }),
  /** The certificate chain and its key, PEM. */
  cert: path,
  key: path,
  /** The standalone's port, on loopback behind a proxy. */
  port: z.coerce.number().int().min(1).max(65_535),
  dataDir: path,
})

export type Choices = z.infer<typeof choicesSchema>

/** The options of the command line, each with its question. */
export const QUESTIONS: Readonly<Record<keyof Choices, string>> = {
  host: 'The public host name of Paxyo',
  panelOrigin: "The origin of the panel's pages",
  panel: `The panel's language (${PANELS.join(', ')})`,
  balance: `Who keeps the users' balances (external: the panel; kept: Paxyo)`,
  provider: "The provider's name in the webhook's URL",
  proxy: `The web server in front (${PROXIES.join(', ')}; none: Paxyo terminates TLS)`,
  cert: 'The certificate chain, PEM',
  key: "The certificate's key, PEM",
  port: 'The port of Paxyo on this machine',
  dataDir: 'The folder of its data',
}

/** The suggestion for a question, from the choices before it; undefined where only the person knows. */
export function suggestionFor(name: keyof Choices, given: Partial<Record<keyof Choices, unknown>>): string | undefined {
  const host = typeof given.host === 'string' ? given.host.split(':')[0]! : ''
  switch (name) {
    case 'host':
      return undefined
    case 'panelOrigin':
      return `https://${host.split('.').length > 2 ? host.replace(/^[^.]+\./, '') : host}`
    case 'panel':
      return 'php'
    case 'balance':
      return 'external'
    case 'provider':
      return 'godofpanel'
    case 'proxy':
      return 'nginx'
    case 'cert':
      return `/etc/letsencrypt/live/${host}/fullchain.pem`
    case 'key':
      return `/etc/letsencrypt/live/${host}/privkey.pem`
    case 'port':
      return given.proxy === 'none' ? '443' : '8080'
    case 'dataDir':
      return '/var/lib/paxyo'
  }
}

/** Where the panel's server and the checks reach the panel API: not through the proxy, which keeps it private. */
export const apiUrl = (choices: Choices): string =>
  choices.proxy === 'none' ? publicUrl(choices) : `http://127.0.0.1:${choices.port}`
