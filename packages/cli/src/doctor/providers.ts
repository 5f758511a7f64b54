import type { ProviderSettings } from '@paxyo/providers'
import { ConfigError } from '@paxyo/service-kit'
import { loadProviders } from '../load-providers.ts'
import { failed, ok, warning, type Finding } from './finding.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** Which providers are configured, how each can be reached and what its own words mean; or every problem. */
export function providerFindings(env: Environment): readonly Finding[] {
  try {
    // Where one provider is described by variables, this machine may lack its secrets, and need not have them.
    const describesAll = Boolean(env['PROVIDERS_FILE'] || env['PROVIDERS_FILE_FILE'])
    return loadProviders(env).map((settings) => providerFinding(settings, describesAll))
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return error.problems.map((problem) => failed('providers', problem, 'Correct PROVIDERS_FILE, or the variable.'))
  }
}

function providerFinding(settings: ProviderSettings, describesAll: boolean): Finding {
  const { name, format, api, statusMap, authentication } = settings
  const proofs = [
    ...(authentication.signatureKeys.length > 0 ? ['signatures'] : []),
    ...(authentication.tokens.length > 0 ? ['tokens'] : []),
    ...(authentication.allowedCidrs.length > 0 ? ['networks'] : []),
  ]
  const words = Object.entries(statusMap).map(([word, status]) => `"${word}" is ${status}`)
  const check = `provider-${name}`
  const facts = [
    `format ${format}`,
    ...(proofs.length > 0 ? [`authenticated by ${proofs.join(', ')}`] : []),
    api === undefined ? 'no API' : `API at ${new URL(api.url).origin}`,
    ...words,
  ].join('; ')
  if (proofs.length > 0 || !describesAll) return ok(check, facts)
  const hint = 'Give it webhookTokens, webhookSecrets or allowCidrs in PROVIDERS_FILE.'
  return warning(check, `${facts}; its webhooks cannot be authenticated and are rejected`, hint)
}
