import { randomBytes } from 'node:crypto'
import { publicUrl } from '@paxyo/web-server'
import type { Choices } from './choices.ts'
import { renderVariable } from './env-text.ts'

/** The secrets of the three sides: the provider, the panel's server, and browsers. */
export interface SetupSecrets {
  readonly webhookToken: string
  readonly panelKey: string
  readonly jwtSecret: string
}

/** The secrets of an existing file are kept: the provider, the panel and open pages use them. */
export function secretsOf(existing: Readonly<Record<string, string>>): SetupSecrets {
  return {
    webhookToken: firstOf(existing['WEBHOOK_TOKENS']) ?? newSecret(),
    panelKey: firstOf(existing['PANEL_API_KEYS']) ?? newSecret(),
    jwtSecret: firstOf(existing['JWT_SECRETS']) ?? newSecret(),
  }
}

const firstOf = (list: string | undefined): string | undefined => list?.split(',')[0] || undefined
const newSecret = (): string => randomBytes(32).toString('hex')

/**
 * The environment of the standalone. Variables of the existing file that the choices do not decide are kept.
 *
 * @param providersFile where PROVIDERS_FILE is; undefined for the default provider.
 */
export function environmentOf(
  choices: Choices,
  secrets: SetupSecrets,
  existing: Readonly<Record<string, string>>,
  providersFile: string | undefined,
): Record<string, string> {
  const { proxy, cert, key, port, dataDir, panelOrigin, balance } = choices
  const isOwnTls = proxy === 'none'
  const decided: Record<string, string> = {
    NODE_ENV: 'production',
    DEMO: 'off',
    HOST: isOwnTls ? '::' : '127.0.0.1',
    PORT: String(port),
    DATA_DIR: dataDir,
    ALLOWED_ORIGINS: panelOrigin,
    BALANCE_MODE: balance,
    PANEL_API_KEYS: secrets.panelKey,
    JWT_SECRETS: secrets.jwtSecret,
    ...(providersFile === undefined ? { WEBHOOK_TOKENS: secrets.webhookToken } : { PROVIDERS_FILE: providersFile }),
    ...(isOwnTls ? { TLS_CERT: cert, TLS_KEY: key, PAXYO_URL: publicUrl(choices) } : { TRUST_PROXY: '127.0.0.1' }),
  }
  // A list of several secrets is a rotation that is under way.
  const lists = new Set(['WEBHOOK_TOKENS', 'PANEL_API_KEYS', 'JWT_SECRETS', 'ALLOWED_ORIGINS'])
  const replaced = new Set(['TLS_CERT', 'TLS_KEY', 'PAXYO_URL', 'TRUST_PROXY', 'PROVIDERS_FILE', 'WEBHOOK_TOKENS'])
  const others = Object.entries(existing).filter(([name]) => !(name in decided) && !replaced.has(name))
  const merged = Object.entries(decided).map(([name, value]) => {
    const kept = existing[name]
    return [name, lists.has(name) && kept?.split(',').includes(value) === true ? kept : value]
  })
  return Object.fromEntries([...merged, ...others])
}

/** @throws Failure for a value that cannot be written. */
export const renderEnvironment = (variables: Readonly<Record<string, string>>): string =>
  [
    '# The environment of Paxyo. It contains secrets: mode 600, no copy in a repository.',
    ...Object.entries(variables).map(([name, value]) => renderVariable(name, value)),
    '',
  ].join('\n')
