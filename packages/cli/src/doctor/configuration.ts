import { ConfigError, loadConfig } from '@paxyo/service-kit/config'
import { redisSettings, variables, type Environment, type RedisSettings, type Variables } from '../settings.ts'
import { failed, ok, skipped, type Diagnostic } from '@paxyo/database/diagnostic'

/** The valid parts of the configuration. */
export interface DoctorConfig {
  readonly databaseUrl?: string
  readonly redis?: RedisSettings
  readonly api?: { readonly url: string; readonly key: string | undefined }
}

const NEEDED = ['DATABASE_URL'] as const
/** The names that the result lists; the others are for sentinels and clusters. */
const REDIS = ['REDIS_URL', 'CHANNEL_PREFIX'] as const
/** Checked only where they are set: not every machine has them. */
const OPTIONAL = [
  'PAXYO_URL',
  'PAXYO_API_KEY',
  'JWT_SECRETS',
  'EVENT_RETENTION_DAYS',
  'DELIVERY_RETENTION_DAYS',
  'DELIVERY_BODY_RETENTION_DAYS',
] as const

export async function diagnoseConfiguration(env: Environment): Promise<{
  readonly diagnostics: readonly Diagnostic[]
  readonly config: DoctorConfig
}> {
  const schemas = await variables()
  const values: Partial<Record<keyof Variables, unknown>> = {}
  const diagnostics: Diagnostic[] = []
  const isSet = (name: string): boolean => Boolean(env[name] || env[`${name}_FILE`])
  const attempt = async <T>(read: () => T | Promise<T>): Promise<T | undefined> => {
    try {
      return await read()
    } catch (error) {
      const problems = error instanceof ConfigError ? error.problems.join('; ') : String(error)
      diagnostics.push(
        failed('configuration', problems, 'Set it in the environment, or in the file that its _FILE variable names.'),
      )
      return undefined
    }
  }
  const readOne = async (name: keyof Variables): Promise<void> => {
    values[name] = await attempt(() => loadConfig({ [name]: schemas[name] }, env)[name])
  }
  for (const name of NEEDED) await readOne(name)
  const needsRedis = isSet('REDIS_URL') || !isSet('DATA_DIR')
  const redis = needsRedis ? await attempt(() => redisSettings(env)) : undefined
  const optional = OPTIONAL.filter(isSet)
  for (const name of optional) await readOne(name)
  if (diagnostics.length === 0) {
    const names = [...NEEDED, ...(needsRedis ? REDIS : []), ...optional]
    diagnostics.push(ok('configuration', `${names.join(', ')} are valid`))
  }
  if (!needsRedis) diagnostics.push(skipped('redis', 'the standalone of DATA_DIR has no Redis'))
  if (values.PAXYO_URL === undefined) diagnostics.push(skipped('api', 'PAXYO_URL is not set'))
  return { diagnostics, config: { ...toConfig(values), ...(redis === undefined ? {} : { redis }) } }
}

function toConfig(values: Partial<Record<keyof Variables, unknown>>): DoctorConfig {
  const { DATABASE_URL, PAXYO_URL, PAXYO_API_KEY } = values as Record<string, string>
  return {
    ...(DATABASE_URL === undefined ? {} : { databaseUrl: DATABASE_URL }),
    ...(PAXYO_URL === undefined ? {} : { api: { url: PAXYO_URL, key: PAXYO_API_KEY } }),
  }
}
