import { readFileSync } from 'node:fs'
import { providerSettingsSchema, type ProviderSettings } from './provider-settings.ts'

/** The members of an entry whose value can be in a separate file, like secrets in containers. */
const FILE_MEMBERS = ['webhookTokens', 'webhookSecrets', 'apiKey'] as const

/**
 * Reads `PROVIDERS_FILE`: a JSON list with an entry for each provider. `webhookTokensFile`, `webhookSecretsFile` and
 * `apiKeyFile` name files with the value; a list in such a file is separated by commas.
 *
 * @returns the providers, or all problems, without any values: they may be secrets.
 */
export function readProvidersFile(path: string): readonly ProviderSettings[] | { readonly problems: string[] } {
  let entries: unknown
  try {
    entries = JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    const reason = error instanceof SyntaxError ? 'is not JSON' : 'cannot be read'
    return { problems: [`PROVIDERS_FILE: ${path} ${reason}`] }
  }
  if (!Array.isArray(entries) || entries.length === 0) {
    return { problems: [`PROVIDERS_FILE: ${path} must contain a JSON list of one or more providers`] }
  }
  const problems: string[] = []
  const providers = entries.flatMap((entry: unknown, index) => readEntry(entry, `PROVIDERS_FILE[${index}]`, problems))
  const names = providers.map(({ name }) => name)
  const twice = new Set(names.filter((name, index) => names.indexOf(name) !== index))
  for (const name of twice) problems.push(`PROVIDERS_FILE: the name ${name} occurs twice`)
  return problems.length > 0 ? { problems } : providers
}

function readEntry(entry: unknown, place: string, problems: string[]): ProviderSettings[] {
  if (typeof entry !== 'object' || entry === null || Array.isArray(entry)) {
    problems.push(`${place}: must be an object`)
    return []
  }
  const values: Record<string, unknown> = { ...entry }
  for (const member of FILE_MEMBERS) {
    const problem = readMemberFile(values, member)
    if (problem !== undefined) problems.push(`${place}.${problem}`)
  }
  const result = providerSettingsSchema.safeParse(values)
  if (result.success) return [result.data]
  problems.push(...result.error.issues.map(({ path, message }) => `${[place, ...path].join('.')}: ${message}`))
  return []
}

/** Replaces `<member>File` with the member and the file's content. @returns its problem. */
function readMemberFile(values: Record<string, unknown>, member: (typeof FILE_MEMBERS)[number]): string | undefined {
  const file = values[`${member}File`]
  if (file === undefined) return undefined
  delete values[`${member}File`]
  if (values[member] !== undefined) return `${member}: ${member} and ${member}File are both set`
  if (typeof file !== 'string') return `${member}File: must be the path of a file`
  try {
    const text = readFileSync(file, 'utf8').trim()
    values[member] = member === 'apiKey' ? text : text.split(',').map((item) => item.trim())
    return undefined
  } catch {
    return `${member}File: cannot be read: ${file}`
  }
}
