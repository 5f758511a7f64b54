import { REVIEW_REASONS, type ReviewReason } from '@paxyo/order-core'
import { z } from 'zod'

export const reviewReasonSchema = z.enum(Object.keys(REVIEW_REASONS) as [ReviewReason, ...ReviewReason[]])
