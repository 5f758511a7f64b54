import { defaultProvider } from '@paxyo/providers'
import type { Registration } from '@paxyo/ledger'
import { parseMoney, type Provider } from '@paxyo/order-core'
import type { RegistrationBody } from '@paxyo/panel-client'

export interface RegistrationDeps {
  readonly providers: readonly Provider[]
}

/**
 * Converts a request body to a registration and resolves its provider.
 *
 * @returns the detail of an `unknown_provider` error, when the provider is missing or not configured.
 */
export function toRegistration({ providers }: RegistrationDeps, body: RegistrationBody): Registration | string {
  const provider = body.provider ?? defaultProvider(providers)
  const names = providers.map(({ name }) => name)
  if (provider === undefined || !names.includes(provider)) return `provider must be one of ${names.join(', ')}`
  return { ...body, provider, charge: parseMoney(body.charge) }
}
