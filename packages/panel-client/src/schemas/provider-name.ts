import { boundedText } from '@paxyo/contracts'
import { PROVIDER_NAME, PROVIDER_NAME_MAX } from '@paxyo/order-core'

/** A provider's name in a query or a body. */
export const providerNameSchema = boundedText(
  PROVIDER_NAME_MAX,
  PROVIDER_NAME,
  'must be the name of a provider, such as "godofpanel"',
)
