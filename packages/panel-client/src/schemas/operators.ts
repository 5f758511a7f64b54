import { moneySchema, timestampSchema } from '@paxyo/contracts'
import { z } from 'zod'
import { operatorRoleSchema } from './scopes.ts'

const NAME_LENGTH_MAX = 60

/** A name is shown in lists and logs: one line, without control and invisible formatting characters. */
export const operatorNameSchema = z
  .string()
  .min(1)
  .max(NAME_LENGTH_MAX)
  .refine((name) => name.trim() === name && !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(name), {
    error: 'must be printable, without spaces around it',
  })

export const operatorIdSchema = z
  .string()
  .length(16)
  .regex(/^opr_[0-9a-f]{12}$/, 'must be an id of an operator')

const refundLimit = moneySchema
  .nullable()
  .describe('What a support operator may refund in 24 hours, in all orders together; null for the other roles.')

/** A person who uses the console. */
export const operatorSchema = z.object({
  operatorId: z.string(),
  name: z.string(),
  role: operatorRoleSchema,
  refundLimit,
  state: z.enum(['invited', 'active', 'disabled']).describe('An invited operator has not chosen a password yet.'),
  hasTotp: z.boolean().describe('Whether signing in needs a one-time code, too.'),
  createdAt: timestampSchema,
  lastSeenAt: timestampSchema.nullable().describe('Accurate to about a minute.'),
})
z.globalRegistry.add(operatorSchema, { id: 'Operator' })

export const operatorListSchema = z.object({ data: z.array(operatorSchema) })

/** A support operator needs a limit, and no other one has one. */
const LIMIT_PROBLEM = 'is required for the role support, and for no other role'

/** The body of `POST /v1/operators`. */
export const inviteOperatorSchema = z
  .strictObject({ name: operatorNameSchema, role: operatorRoleSchema, refundLimit: moneySchema.optional() })
  .refine(({ role, refundLimit: limit }) => (role === 'support') === (limit !== undefined), {
    error: LIMIT_PROBLEM,
    path: ['refundLimit'],
  })

/** The body of `PATCH /v1/operators/{operatorId}`; what is missing stays. */
export const changeOperatorSchema = z.strictObject({
  role: operatorRoleSchema.optional(),
  refundLimit: moneySchema.optional().describe('For the role support; 0 at first, when the role becomes support.'),
  isDisabled: z.boolean().optional().describe('Ends the sessions of the operator at once.'),
})

/** With which an operator chooses a password. */
export const operatorLinkSchema = z.object({
  link: z.string().describe('A path of the console, `/console/#link=…`, for one use.'),
  expiresAt: timestampSchema,
})

export const invitedOperatorSchema = z.object({ operator: operatorSchema, ...operatorLinkSchema.shape })

export type OperatorView = z.infer<typeof operatorSchema>
export type OperatorList = z.infer<typeof operatorListSchema>
export type InviteOperator = z.input<typeof inviteOperatorSchema>
export type InvitedOperator = z.infer<typeof invitedOperatorSchema>
export type ChangeOperator = z.input<typeof changeOperatorSchema>
export type OperatorLinkView = z.infer<typeof operatorLinkSchema>
