import type { OrderStatus } from '@paxyo/contracts'
import { writeFileSync } from 'node:fs'

/** A provider of the run. Its order ids are also those of the other providers. */
export interface ChaosProvider {
  readonly name: string
  readonly token: string
  /** A word that means something else at every provider. */
  readonly ownWord: { readonly word: string; readonly status: OrderStatus }
}

const OWN_WORD = '5'

export const CHAOS_PROVIDERS: readonly ChaosProvider[] = [
  { name: 'godofpanel', token: 'a-webhook-token', ownWord: { word: OWN_WORD, status: 'completed' } },
  { name: 'second-panel', token: 'another-webhook-token', ownWord: { word: OWN_WORD, status: 'canceled' } },
  { name: 'third-panel', token: 'a-third-webhook-token', ownWord: { word: OWN_WORD, status: 'in_progress' } },
]

/** Writes the providers as `PROVIDERS_FILE`. */
export function writeProvidersFile(path: string): void {
  const providers = CHAOS_PROVIDERS.map(({ name, token, ownWord }) => ({
    name,
    webhookTokens: [token],
    statusMap: { [ownWord.word]: ownWord.status },
  }))
  writeFileSync(path, JSON.stringify(providers))
}
