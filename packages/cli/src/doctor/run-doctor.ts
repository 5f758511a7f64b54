import { apiFindings } from './api-findings.ts'
import { configurationFindings, type DoctorConfig } from './configuration.ts'
import type { Finding } from './finding.ts'
import { nodeFinding } from './node-version.ts'
import { postgresFindings } from './postgres-findings.ts'
import { providerFindings } from './providers.ts'
import { redisFindings } from './redis-findings.ts'

export interface DoctorResult {
  readonly isHealthy: boolean
  readonly findings: readonly Finding[]
}

/** Looks at everything that can be looked at; what has failed is a finding, and never ends the examination. */
export async function runDoctor(env: Readonly<Record<string, string | undefined>>): Promise<DoctorResult> {
  const { findings: configuration, config } = await configurationFindings(env)
  const servers = await Promise.all(examinations(config))
  const findings = [...configuration, ...providerFindings(env), nodeFinding(process.versions.node), ...servers.flat()]
  return { isHealthy: findings.every(({ status }) => status !== 'failed'), findings }
}

function examinations({ databaseUrl, redis, api }: DoctorConfig): Promise<readonly Finding[]>[] {
  return [
    ...(databaseUrl === undefined ? [] : [postgresFindings(databaseUrl)]),
    ...(redis === undefined ? [] : [redisFindings(redis)]),
    ...(api === undefined ? [] : [apiFindings(api)]),
  ]
}
