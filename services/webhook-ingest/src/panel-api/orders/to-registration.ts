import type { ErrorCode } from '@paxyo/contracts'
import { defaultProvider } from '@paxyo/providers'
import type { Registration } from '@paxyo/ledger'
import { parseMoney, type Provider } from '@paxyo/order-core'
import type { RegistrationBody } from '@paxyo/panel-client'

export interface RegistrationDeps {
  readonly providers: readonly Provider[]
}

/** Why a request body names no valid provider order. */
export interface ProviderOrderRejection {
  readonly code: Extract<ErrorCode, 'unknown_provider' | 'provider_order_id_missing'>
  readonly detail?: string
}

/** Converts a request body to a registration and resolves its provider. */
export function toRegistration(deps: RegistrationDeps, body: RegistrationBody): Registration | ProviderOrderRejection {
  const providerOrder = toProviderOrder(deps, body)
  if ('code' in providerOrder) return providerOrder
  const { runs, interval, charge, ...rest } = body
  return { ...rest, ...providerOrder, runs: runs ?? 1, intervalMinutes: interval ?? null, charge: parseMoney(charge) }
}

function toProviderOrder(
  deps: RegistrationDeps,
  { provider, providerOrderId }: RegistrationBody,
): Pick<Registration, 'provider' | 'providerOrderId'> | ProviderOrderRejection {
  if (providerOrderId !== undefined && providerOrderId !== null) {
    const name = resolveProvider(deps, provider ?? undefined)
    return typeof name === 'string' ? { provider: name, providerOrderId } : name
  }
  if (provider === undefined || provider === null) return { provider: null, providerOrderId: null }
  return { code: 'provider_order_id_missing' }
}

/** @returns the name of a configured provider: the given one, or the default. */
export function resolveProvider(
  { providers }: RegistrationDeps,
  given: string | undefined,
): string | ProviderOrderRejection {
  const provider = given ?? defaultProvider(providers)
  const names = providers.map(({ name }) => name)
  if (provider !== undefined && names.includes(provider)) return provider
  return { code: 'unknown_provider', detail: `provider must be one of ${names.join(', ')}` }
}
