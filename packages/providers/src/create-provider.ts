import type { Provider } from '@paxyo/order-core'
import { PROVIDER_FORMATS } from './formats.ts'
import { DEFAULT_PROVIDER } from './provider-variables.ts'
import type { ProviderSettings, WebhookAuthentication } from './provider-settings.ts'

/**
 * Creates a provider of its format. Its client opens no connection before its first request.
 *
 * @example
 * const config = loadConfig(providerVariables, { WEBHOOK_TOKENS: 'a-token-of-the-provider' })
 * createProvider({ ...providerSettings(config)[0]!, name: 'smmhub' }).name //=> 'smmhub'
 */
export function createProvider({ format, name, statusMap, api }: ProviderSettings): Provider {
  return PROVIDER_FORMATS[format]({ name, statusMap, api })
}

/** A provider, and how its webhooks are authenticated. */
export interface ConfiguredProvider {
  readonly provider: Provider
  readonly authentication: WebhookAuthentication
}

/**
 * Creates every provider of a configuration.
 *
 * @example
 * const config = loadConfig(providerVariables, { WEBHOOK_TOKENS: 'a-token-of-the-provider' })
 * createProviders(providerSettings(config)).map(({ provider }) => provider.name) //=> ['godofpanel']
 */
export function createProviders(settings: readonly ProviderSettings[]): readonly ConfiguredProvider[] {
  return settings.map((one) => ({ provider: createProvider(one), authentication: one.authentication }))
}

/**
 * The default provider: the only one, or `godofpanel`.
 *
 * @returns undefined when there are several, and none of them is `godofpanel`.
 * @example
 * defaultProvider([{ name: 'smmhub' }]) //=> 'smmhub'
 * defaultProvider([{ name: 'smmhub' }, { name: 'another' }]) //=> undefined
 */
export function defaultProvider(providers: readonly Pick<Provider, 'name'>[]): string | undefined {
  if (providers.length === 1) return providers[0]!.name
  return providers.find(({ name }) => name === DEFAULT_PROVIDER)?.name
}
