import { providerProblems, providerSettings, providerVariables, type ProviderSettings } from '@paxyo/providers'
import { loadConfig } from '@paxyo/service-kit'

/** The providers of an environment, as the services read them. @throws ConfigError listing everything that is wrong. */
export function loadProviders(env: NodeJS.ProcessEnv): readonly ProviderSettings[] {
  return providerSettings(loadConfig(providerVariables, env, providerProblems))
}
