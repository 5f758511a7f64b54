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
 * @returns what is wrong with the provider, when it is not one of ours.
 */
export function toRegistration({ providers }: RegistrationDeps, body: RegistrationBody): Registration | string {
  const provider = body.provider ?? defaultProvider(providers)
  const names = providers.map(({ name }) => name)
  if (provider === undefined) return `provider: is missing, and could be any of ${names.join(', ')}`
  if (!names.includes(provider)) return `provider: must be one of ${names.join(', ')}`
  return { ...body, provider, charge: parseMoney(body.charge) }
}
