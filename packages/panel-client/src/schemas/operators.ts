import { boundedText, moneySchema, timestampSchema } from '@paxyo/contracts'
import { z } from 'zod'
import { operatorRoleSchema } from './scopes.ts'

const NAME_LENGTH_MAX = 60

/** A name is shown in lists and logs: one line, without control and invisible formatting characters. */
export const operatorNameSchema = boundedText(
  NAME_LENGTH_MAX,
  /^[^\s\p{C}](?:[^\p{C}]*[^\s\p{C}])?$/u,
  'must be printable, without spaces at its ends',
).min(1)

export const operatorIdSchema = boundedText(16, /^opr_[0-9a-f]{12}$/, 'must be an id of an operator')

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

/** The body of `POST /v1/operators`. */
export const inviteOperatorSchema = z.discriminatedUnion('role', [
  z.strictObject({ name: operatorNameSchema, role: z.enum(['viewer', 'owner']) }),
  z.strictObject({
    name: operatorNameSchema,
    role: z.literal('support'),
    refundLimit: moneySchema.describe('What the operator may refund in 24 hours, in all orders together.'),
  }),
])
z.globalRegistry.add(inviteOperatorSchema, { id: 'InviteOperator' })

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
