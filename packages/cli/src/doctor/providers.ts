import type { ProviderSettings } from '@paxyo/providers'
import { ConfigError } from '@paxyo/service-kit/config'
import { loadProviders } from '../load-providers.ts'
import { failed, ok, warning, type Diagnostic } from '@paxyo/database/diagnostic'

type Environment = Readonly<Record<string, string | undefined>>

/** Lists the configured providers with their APIs, authentication and status words; or every problem. */
export function diagnoseProviders(env: Environment): readonly Diagnostic[] {
  try {
    // Where variables describe the only provider, this machine may lack its secrets, and does not need them.
    const describesAll = Boolean(env['PROVIDERS_FILE'] || env['PROVIDERS_FILE_FILE'])
    return loadProviders(env).map((settings) => diagnoseProvider(settings, describesAll))
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.problems.map((problem) => failed('providers', problem, 'Correct PROVIDERS_FILE, or the variable.'))
  }
}

function diagnoseProvider(settings: ProviderSettings, describesAll: boolean): Diagnostic {
  const { name, format, api, statusMap, authentication } = settings
  const methods = [
    ...(authentication.signatureKeys.length > 0 ? ['signatures'] : []),
    ...(authentication.tokens.length > 0 && authentication.isSignatureRequired !== true ? ['tokens'] : []),
    ...(authentication.allowedCidrs.length > 0 ? ['networks'] : []),
  ]
  const statusWords = Object.entries(statusMap).map(([word, status]) => `"${word}" is ${status}`)
  const check = `provider-${name}`
  const facts = [
    `format ${format}`,
    ...(methods.length > 0 ? [`authenticated by ${methods.join(', ')}`] : []),
    api === undefined ? 'no API' : `API at ${new URL(api.url).origin}`,
    ...statusWords,
  ].join('; ')
  if (methods.length > 0 || !describesAll) return ok(check, facts)
  const hint = 'Give it webhookTokens, webhookSecrets or allowCidrs in PROVIDERS_FILE.'
  return warning(check, `${facts}; its webhooks cannot be authenticated and are rejected`, hint)
}
