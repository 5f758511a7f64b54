import type { RefundApproval } from '@paxyo/order-core'
import {
  providerProblems,
  providerSettings,
  providerVariables,
  refundApproval,
  refundApprovalProblems,
  refundApprovalVariables,
  type ProviderSettings,
} from '@paxyo/providers'
import { loadConfig } from '@paxyo/service-kit/config'

/** The providers of an environment, as the services read them. @throws ConfigError listing everything that is wrong. */
export function loadProviders(env: NodeJS.ProcessEnv): readonly ProviderSettings[] {
  return providerSettings(loadConfig(providerVariables, env, providerProblems))
}

/** Which refunds wait for a person, as the services read it. @throws ConfigError listing everything that is wrong. */
export function loadRefundApproval(env: NodeJS.ProcessEnv): RefundApproval | undefined {
  return refundApproval(loadConfig(refundApprovalVariables, env, refundApprovalProblems))
}
