import { env } from '@paxyo/service-kit'
import { z } from 'zod'
import type { ProviderOptions } from './ingest.ts'

/** Whom to ask about orders, if anybody. */
export const providerVariables = {
  /** The provider's API v2 and our key for it. */
  PROVIDER_API_URL: env.url('http', 'https').optional(),
  PROVIDER_API_KEY: env.text.optional(),
  /** Whether webhooks pay only after the provider was asked whether they are true. */
  CONFIRM_MONEY: z.enum(['on', 'off'], { error: 'must be on or off' }).default('off'),
}

type ProviderConfig = Readonly<
  Record<'PROVIDER_API_URL' | 'PROVIDER_API_KEY', string | undefined> & Record<'CONFIRM_MONEY', 'on' | 'off'>
>

/** What is wrong between the provider's variables. */
export function providerProblems(raw: Readonly<Record<string, string | undefined>>): string[] {
  const given = ['PROVIDER_API_URL', 'PROVIDER_API_KEY'].filter((name) => raw[name] !== undefined)
  if (given.length === 1) return [`${given[0]} is set alone: PROVIDER_API_URL and PROVIDER_API_KEY belong together`]
  if (given.length === 0 && raw['CONFIRM_MONEY'] === 'on') {
    return ['CONFIRM_MONEY is on, but PROVIDER_API_URL and PROVIDER_API_KEY do not say whom to ask']
  }
  return []
}

/** The provider to ask, when one is configured. */
export function providerOptions(config: ProviderConfig): ProviderOptions | undefined {
  const { PROVIDER_API_URL: url, PROVIDER_API_KEY: key, CONFIRM_MONEY } = config
  return url === undefined || key === undefined ? undefined : { url, key, confirmsMoney: CONFIRM_MONEY === 'on' }
}
