import { z } from 'zod'

/**
 * Metadata for `z.toJSONSchema` that has only descriptions. A package that documents these schemas may have given them names,
 * which are not on the wire, and would make the schemas refer to each other.
 */
export const descriptionsOnly = Object.assign(z.registry<{ description: string | undefined }>(), {
  get: ({ description }: z.core.$ZodType & { description?: string }) => ({ description }),
})
