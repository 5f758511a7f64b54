import { parseRefundLimits, type RefundApproval } from '@paxyo/order-core'
import { z } from 'zod'

/** Variables that decide which refunds wait until a person approves them. */
export const refundApprovalVariables = {
  /** By currency, the amount above which the refunds of one order wait: `USD:50,EUR:40`. */
  REVIEW_REFUNDS_ABOVE: z
    .string()
    .transform((text, context) => {
      const limits = parseRefundLimits(text)
      if (!('problems' in limits)) return limits
      for (const message of limits.problems) context.addIssue({ code: 'custom', message })
      return z.NEVER
    })
    .optional(),
  /** Whether every refund waits. */
  REVIEW_ALL_REFUNDS: z.enum(['on', 'off'], { error: 'must be on or off' }).default('off'),
}

type Values = {
  readonly [Name in keyof typeof refundApprovalVariables]: z.output<(typeof refundApprovalVariables)[Name]>
}

/**
 * The problem between these variables.
 *
 * @example
 * refundApprovalProblems({ REVIEW_REFUNDS_ABOVE: 'USD:50' }) //=> []
 * refundApprovalProblems({ REVIEW_ALL_REFUNDS: 'on', REVIEW_REFUNDS_ABOVE: 'USD:50' }).length //=> 1
 */
export function refundApprovalProblems(raw: Readonly<Record<string, string | undefined>>): string[] {
  if (raw['REVIEW_ALL_REFUNDS'] !== 'on' || raw['REVIEW_REFUNDS_ABOVE'] === undefined) return []
  return ['REVIEW_REFUNDS_ABOVE: has no effect when REVIEW_ALL_REFUNDS is on; set one of them']
}

/**
 * The refunds that wait for a person, from the variables.
 *
 * @returns undefined when no refund waits.
 * @example
 * const config = loadConfig(refundApprovalVariables, { REVIEW_ALL_REFUNDS: 'on' })
 * refundApproval(config)?.isAlways //=> true
 */
export function refundApproval(config: Values): RefundApproval | undefined {
  const { REVIEW_REFUNDS_ABOVE: limits, REVIEW_ALL_REFUNDS: always } = config
  if (limits === undefined && always === 'off') return undefined
  return { isAlways: always === 'on', limits: limits ?? new Map() }
}
