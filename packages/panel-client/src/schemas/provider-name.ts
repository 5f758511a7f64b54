import { PROVIDER_NAME } from '@paxyo/order-core'
import { z } from 'zod'

/** A provider's name in a query or a body. */
export const providerNameSchema = z
  .string()
  .regex(PROVIDER_NAME, 'must be the name of a provider, such as "godofpanel"')
