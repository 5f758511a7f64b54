import { createGodOfPanel } from '@paxyo/godofpanel'
import type { Provider, StatusMap } from '@paxyo/order-core'

interface FormatOptions {
  readonly name: string
  readonly statusMap: StatusMap
  readonly api: { readonly url: string; readonly key: string } | undefined
}

/** Every format that a provider can speak. A new one is a package and a line here. */
export const PROVIDER_FORMATS = {
  godofpanel: createGodOfPanel,
} as const satisfies Readonly<Record<string, (options: FormatOptions) => Provider>>

export type ProviderFormat = keyof typeof PROVIDER_FORMATS
