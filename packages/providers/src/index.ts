export { createProviders, defaultProvider } from './create-providers.ts'
export { PROVIDER_FORMATS, type ProviderFormat } from './formats.ts'
export type { ProviderSettings, WebhookAuthentication } from './provider-settings.ts'
export { DEFAULT_PROVIDER, providerProblems, providerSettings, providerVariables } from './provider-variables.ts'
