import { ConfigError, loadConfig } from '@paxyo/service-kit'
import { redisSettings, variables, type Environment, type RedisSettings, type Variables } from '../settings.ts'
import { failed, ok, skipped, type Finding } from './finding.ts'

/** What of the configuration is there and right. */
export interface DoctorConfig {
  readonly databaseUrl?: string
  readonly redis?: RedisSettings
  readonly api?: { readonly url: string; readonly key: string | undefined }
}

const NEEDED = ['DATABASE_URL'] as const
/** The names that are said; the others are for sentinels and clusters. */
const REDIS = ['REDIS_URL', 'CHANNEL_PREFIX'] as const
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
  const examine = async <T>(read: () => T | Promise<T>): Promise<T | undefined> => {
    try {
      return await read()
    } catch (error) {
      const problems = error instanceof ConfigError ? error.problems.join('; ') : String(error)
      findings.push(failed('configuration', problems, 'Set it in the environment, or in a file that its _FILE names.'))
      return undefined
    }
  }
  const readOne = async (name: keyof Variables): Promise<void> => {
    values[name] = await examine(() => loadConfig({ [name]: schemas[name] }, env)[name])
  }
  for (const name of NEEDED) await readOne(name)
  const needsRedis = isSet('REDIS_URL') || !isSet('DATA_DIR')
  const redis = needsRedis ? await examine(() => redisSettings(env)) : undefined
  const optional = OPTIONAL.filter(isSet)
  for (const name of optional) await readOne(name)
  if (findings.length === 0) {
    const names = [...NEEDED, ...(needsRedis ? REDIS : []), ...optional]
    findings.push(ok('configuration', `${names.join(', ')} are well formed`))
  }
  if (!needsRedis) findings.push(skipped('redis', 'the standalone of DATA_DIR has none'))
  if (values.PAXYO_URL === undefined) findings.push(skipped('api', 'PAXYO_URL is not set'))
  return { findings, config: { ...toConfig(values), ...(redis === undefined ? {} : { redis }) } }
}

function toConfig(values: Partial<Record<keyof Variables, unknown>>): DoctorConfig {
  const { DATABASE_URL, PAXYO_URL, PAXYO_API_KEY } = values as Record<string, string>
  return {
    ...(DATABASE_URL === undefined ? {} : { databaseUrl: DATABASE_URL }),
    ...(PAXYO_URL === undefined ? {} : { api: { url: PAXYO_URL, key: PAXYO_API_KEY } }),
  }
}
