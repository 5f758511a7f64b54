import type { StatusMap } from '@paxyo/order-core'
import { env, valueOf, weakSecrets, weakVariables } from '@paxyo/service-kit/config'
import { readProvidersFile } from './providers-file.ts'
import { statusMapText } from './status-map.ts'
import { requiredAuthenticationSchema, WEBHOOK_TOKEN_BYTES_MIN, type ProviderSettings } from './provider-settings.ts'

/** The provider that the variables describe when there is no `PROVIDERS_FILE`. */
export const DEFAULT_PROVIDER = 'godofpanel'

/** Variables that describe one provider, or name the file that describes several. */
export const providerVariables = {
  /** A JSON list of providers, in place of the variables below. */
  PROVIDERS_FILE: env.text.optional(),
  /** Tokens in the provider's URL or a header. */
  WEBHOOK_TOKENS: env.secrets(WEBHOOK_TOKEN_BYTES_MIN).default([]),
  /** Standard Webhooks secrets. */
  WEBHOOK_SECRETS: env.webhookSecrets.default([]),
  /** Networks that webhooks may come from. */
  WEBHOOK_ALLOW_CIDRS: env.cidrs.default([]),
  /** `signature`: a token alone does not authenticate a webhook. */
  WEBHOOK_REQUIRE: requiredAuthenticationSchema.default('any'),
  /** The URL of the provider's API v2, and its key. */
  PROVIDER_API_URL: env.url('http', 'https').optional(),
  PROVIDER_API_KEY: env.text.optional(),
  /** The meaning of the provider's own status words: `Zaplanowano=pending,Refilling=ignore`. */
  STATUS_MAP: statusMapText.optional(),
}

interface ProviderConfig {
  readonly PROVIDERS_FILE: string | undefined
  readonly WEBHOOK_TOKENS: readonly string[]
  readonly WEBHOOK_SECRETS: readonly Buffer[]
  readonly WEBHOOK_ALLOW_CIDRS: readonly string[]
  readonly WEBHOOK_REQUIRE: 'any' | 'signature'
  readonly PROVIDER_API_URL: string | undefined
  readonly PROVIDER_API_KEY: string | undefined
  readonly STATUS_MAP: StatusMap | undefined
}

type Raw = Readonly<Record<string, string | undefined>>

const AUTHENTICATION = ['WEBHOOK_TOKENS', 'WEBHOOK_SECRETS', 'WEBHOOK_ALLOW_CIDRS'] as const

const OF_ONE_PROVIDER = Object.keys(providerVariables).filter((name) => name !== 'PROVIDERS_FILE')

/**
 * The problems between these variables, and in the file that they name.
 *
 * @example
 * providerProblems({ WEBHOOK_TOKENS: 'a-token-of-the-provider' }) //=> []
 */
export function providerProblems(raw: Raw): string[] {
  const file = raw['PROVIDERS_FILE']
  if (file !== undefined) {
    const beside = OF_ONE_PROVIDER.filter((name) => raw[name] !== undefined)
    const settings = readProvidersFile(file)
    return [
      ...beside.map((name) => `${name}: cannot be set together with PROVIDERS_FILE`),
      ...('problems' in settings ? settings.problems : []),
    ]
  }
  const given = ['PROVIDER_API_URL', 'PROVIDER_API_KEY'].filter((name) => raw[name] !== undefined)
  const isUnsigned = raw['WEBHOOK_REQUIRE'] === 'signature' && raw['WEBHOOK_SECRETS'] === undefined
  return [
    ...(given.length === 1 ? [`${given[0]} is set alone: PROVIDER_API_URL and PROVIDER_API_KEY belong together`] : []),
    ...(isUnsigned ? ['WEBHOOK_REQUIRE is signature and requires WEBHOOK_SECRETS'] : []),
  ]
}

/**
 * The providers of a configuration without {@link providerProblems}.
 *
 * @throws Error when `PROVIDERS_FILE` has changed since it was checked.
 * @example
 * const config = loadConfig(providerVariables, { WEBHOOK_TOKENS: 'a-token-of-the-provider' })
 * providerSettings(config).map(({ name, format }) => [name, format]) //=> [['godofpanel', 'godofpanel']]
 */
export function providerSettings(config: ProviderConfig): readonly ProviderSettings[] {
  if (config.PROVIDERS_FILE !== undefined) {
    const settings = readProvidersFile(config.PROVIDERS_FILE)
    if ('problems' in settings) throw new Error(settings.problems.join('\n'))
    return settings
  }
  const { PROVIDER_API_URL: url, PROVIDER_API_KEY: key } = config
  return [
    {
      name: DEFAULT_PROVIDER,
      format: 'godofpanel',
      authentication: {
        tokens: config.WEBHOOK_TOKENS,
        signatureKeys: config.WEBHOOK_SECRETS,
        allowedCidrs: config.WEBHOOK_ALLOW_CIDRS,
        ...(config.WEBHOOK_REQUIRE === 'signature' ? { isSignatureRequired: true } : {}),
      },
      api: url === undefined || key === undefined ? undefined : { url, key },
      statusMap: config.STATUS_MAP ?? {},
    },
  ]
}

/** The variables of one provider that contain our secrets. */
const SECRETS = ['WEBHOOK_TOKENS', 'WEBHOOK_SECRETS'] as const

/**
 * Describes the secrets of webhooks that can be guessed, without repeating them.
 *
 * @example
 * weakProviderSecrets({ WEBHOOK_TOKENS: 'aaaaaaaaaaaaaaaa' }).length //=> 1
 */
export function weakProviderSecrets(environment: Raw): string[] {
  const file = valueOf('PROVIDERS_FILE', environment)
  if (file === undefined) return weakVariables(SECRETS, environment)
  const settings = readProvidersFile(file)
  if ('problems' in settings) return []
  return settings.flatMap(({ authentication: { tokens, signatureKeys } }, index) => {
    const keys = signatureKeys.map((key) => `whsec_${key.toString('base64')}`)
    const place = `PROVIDERS_FILE[${index}]`
    return weakSecrets(`${place}.webhookTokens`, tokens).concat(weakSecrets(`${place}.webhookSecrets`, keys))
  })
}

/** The part of a provider that other variables depend on. */
export interface ProviderSummary {
  readonly name: string
  /** Whether its webhooks can be authenticated. */
  readonly isAuthenticated: boolean
  /** Whether the sender's address is all that authenticates its webhooks. */
  readonly isAuthenticatedByAddress: boolean
  /** Whether its API can be asked. */
  readonly isAskable: boolean
}

/**
 * The providers that raw variables describe, if they are valid: {@link providerProblems} lists the problems.
 *
 * @example
 * const [summary] = summarizeProviders({ WEBHOOK_TOKENS: 'a-token-of-the-provider' })
 * summary?.isAuthenticated //=> true
 */
export function summarizeProviders(raw: Raw): ProviderSummary[] {
  const file = raw['PROVIDERS_FILE']
  if (file === undefined) {
    return [
      {
        name: DEFAULT_PROVIDER,
        isAuthenticated: AUTHENTICATION.some((name) => raw[name] !== undefined),
        isAuthenticatedByAddress:
          raw['WEBHOOK_ALLOW_CIDRS'] !== undefined && SECRETS.every((name) => raw[name] === undefined),
        isAskable: raw['PROVIDER_API_URL'] !== undefined && raw['PROVIDER_API_KEY'] !== undefined,
      },
    ]
  }
  const settings = readProvidersFile(file)
  if ('problems' in settings) return []
  return settings.map(({ name, api, authentication: { tokens, signatureKeys, allowedCidrs } }) => ({
    name,
    isAuthenticated: tokens.length + signatureKeys.length + allowedCidrs.length > 0,
    isAuthenticatedByAddress: allowedCidrs.length > 0 && tokens.length + signatureKeys.length === 0,
    isAskable: api !== undefined,
  }))
}
