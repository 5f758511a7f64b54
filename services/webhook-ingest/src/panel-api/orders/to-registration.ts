import { defaultProvider } from '@paxyo/providers'
import type { Registration } from '@paxyo/ledger'
import { parseMoney, type Provider } from '@paxyo/order-core'
import type { RegistrationBody } from '@paxyo/panel-client'

export interface RegistrationDeps {
  readonly providers: readonly Provider[]
}

/**
 * What a panel registers, with the provider that it means.
 *
 * @returns what to send instead, when the provider is missing or not one of ours: the code is `unknown_provider`.
 */
export function toRegistration({ providers }: RegistrationDeps, body: RegistrationBody): Registration | string {
  const provider = body.provider ?? defaultProvider(providers)
  const names = providers.map(({ name }) => name)
  if (provider === undefined || !names.includes(provider)) return `provider must be one of ${names.join(', ')}`
  return { ...body, provider, charge: parseMoney(body.charge) }
}
