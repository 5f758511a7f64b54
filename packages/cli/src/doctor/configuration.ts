import { ConfigError, loadConfig } from '@paxyo/service-kit'
import { variables, type Environment, type Variables } from '../settings.ts'
import { failed, ok, skipped, type Finding } from './finding.ts'

/** What of the configuration is there and right. */
export interface DoctorConfig {
  readonly databaseUrl?: string
  readonly redisUrl?: string
  readonly channelPrefix?: string
  readonly api?: { readonly url: string; readonly key: string | undefined }
}

const NEEDED = ['DATABASE_URL', 'REDIS_URL', 'CHANNEL_PREFIX'] as const
/** Looked at only where they are set: not every machine has them. */
const OPTIONAL = ['PAXYO_URL', 'PAXYO_API_KEY', 'JWT_SECRETS', 'EVENT_RETENTION_DAYS'] as const

export async function configurationFindings(env: Environment): Promise<{
  readonly findings: readonly Finding[]
  readonly config: DoctorConfig
}> {
  const schemas = await variables()
  const values: Partial<Record<keyof Variables, unknown>> = {}
  const findings: Finding[] = []
  const isSet = (name: string): boolean => Boolean(env[name] || env[`${name}_FILE`])
  for (const name of [...NEEDED, ...OPTIONAL.filter(isSet)]) {
    try {
      values[name] = loadConfig({ [name]: schemas[name] }, env)[name]
    } catch (error) {
      const problems = error instanceof ConfigError ? error.problems.join('; ') : String(error)
      findings.push(failed('configuration', problems, 'Set it in the environment, or in a file that its _FILE names.'))
    }
  }
  if (findings.length === 0) findings.push(ok('configuration', `${Object.keys(values).join(', ')} are well formed`))
  if (values.PAXYO_URL === undefined) findings.push(skipped('api', 'PAXYO_URL is not set'))
  return { findings, config: toConfig(values) }
}

function toConfig(values: Partial<Record<keyof Variables, unknown>>): DoctorConfig {
  const { DATABASE_URL, REDIS_URL, CHANNEL_PREFIX, PAXYO_URL, PAXYO_API_KEY } = values as Record<string, string>
  return {
    ...(DATABASE_URL === undefined ? {} : { databaseUrl: DATABASE_URL }),
    ...(REDIS_URL === undefined ? {} : { redisUrl: REDIS_URL }),
    ...(CHANNEL_PREFIX === undefined ? {} : { channelPrefix: CHANNEL_PREFIX }),
    ...(PAXYO_URL === undefined ? {} : { api: { url: PAXYO_URL, key: PAXYO_API_KEY } }),
  }
}
