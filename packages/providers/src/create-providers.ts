import type { Provider } from '@paxyo/order-core'
import { PROVIDER_FORMATS } from './formats.ts'
import { DEFAULT_PROVIDER } from './provider-variables.ts'
import type { ProviderSettings } from './provider-settings.ts'

/** Makes each provider of its format. Those with an API open no connection before they are asked. */
export function createProviders(settings: readonly ProviderSettings[]): readonly Provider[] {
  return settings.map(({ format, name, statusMap, api }) => PROVIDER_FORMATS[format]({ name, statusMap, api }))
}

/**
 * The provider that is meant when none is named: the only one, or `godofpanel`.
 *
 * @returns undefined when there are several, and none of them is `godofpanel`.
 */
export function defaultProvider(providers: readonly Pick<Provider, 'name'>[]): string | undefined {
  if (providers.length === 1) return providers[0]!.name
  return providers.find(({ name }) => name === DEFAULT_PROVIDER)?.name
}
