import { ORDER_STATUSES } from '@paxyo/contracts'
import type { StatusMap } from '@paxyo/order-core'
import { z } from 'zod'

const meaningSchema = z.enum([...ORDER_STATUSES, 'ignore'])

/** A provider's status words and their meaning, as in `PROVIDERS_FILE`. */
export const statusMapSchema = z.record(z.string(), meaningSchema)

/** The same as text: `Zaplanowano=pending,Refilling=ignore`. */
export const statusMapText = z.string().transform((text, context): StatusMap => {
  const entries = text.split(',').map((entry) => {
    const end = entry.lastIndexOf('=')
    return [entry.slice(0, Math.max(end, 0)).trim(), entry.slice(end + 1).trim()] as const
  })
  for (const [word, meaning] of entries) {
    if (word !== '' && meaningSchema.safeParse(meaning).success) continue
    context.addIssue({
      code: 'custom',
      message: `must be word=status pairs with one of ${meaningSchema.options.join(', ')}`,
    })
    return z.NEVER
  }
  return Object.fromEntries(entries) as StatusMap
})
