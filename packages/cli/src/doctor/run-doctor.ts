import { diagnoseApi } from './diagnose-api.ts'
import { diagnoseArchive } from './diagnose-archive.ts'
import { diagnoseConfiguration, type DoctorConfig } from './configuration.ts'
import type { Diagnostic } from '@paxyo/database/diagnostic'
import { diagnoseNode } from './node-version.ts'
import { diagnosePostgres } from './diagnose-postgres.ts'
import { diagnoseProviders } from './providers.ts'
import { diagnoseRedis } from './diagnose-redis.ts'
import { diagnoseRefundApproval } from './refund-approval.ts'

export interface DoctorResult {
  readonly isHealthy: boolean
  readonly diagnostics: readonly Diagnostic[]
}

/** Runs every check that can run; a failure is a diagnostic, and never ends the run. */
export async function runDoctor(env: Readonly<Record<string, string | undefined>>): Promise<DoctorResult> {
  const { diagnostics: configuration, config } = await diagnoseConfiguration(env)
  const servers = await Promise.all([...serverChecks(config), diagnoseArchive(env)])
  const diagnostics = [
    ...configuration,
    ...diagnoseProviders(env),
    ...diagnoseRefundApproval(env),
    diagnoseNode(process.versions.node),
    ...servers.flat(),
  ]
  return { isHealthy: diagnostics.every(({ status }) => status !== 'failed'), diagnostics }
}

function serverChecks({ databaseUrl, redis, api }: DoctorConfig): Promise<readonly Diagnostic[]>[] {
  return [
    ...(databaseUrl === undefined ? [] : [diagnosePostgres(databaseUrl)]),
    ...(redis === undefined ? [] : [diagnoseRedis(redis)]),
    ...(api === undefined ? [] : [diagnoseApi(api)]),
  ]
}
