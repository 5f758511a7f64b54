export { createProvider, createProviders, defaultProvider, type ConfiguredProvider } from './create-provider.ts'
export { PROVIDER_FORMATS, type ProviderFormat } from './formats.ts'
export { refundApproval, refundApprovalProblems, refundApprovalVariables } from './refund-approval.ts'
export type { ProviderSettings, WebhookAuthentication } from './provider-settings.ts'
export {
  DEFAULT_PROVIDER,
  providerProblems,
  providerSettings,
  providerVariables,
  summarizeProviders,
  weakProviderSecrets,
  type ProviderSummary,
} from './provider-variables.ts'
