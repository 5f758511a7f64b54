import { z } from 'zod'
import { ALL_SCOPES, ROLE_SCOPES, type OperatorRole } from '../scopes.ts'

export const scopeSchema = z.enum(ALL_SCOPES)

export const operatorRoleSchema = z.enum(Object.keys(ROLE_SCOPES) as [OperatorRole, ...OperatorRole[]])
