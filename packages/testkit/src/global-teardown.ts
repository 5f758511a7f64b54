import { rmSync } from 'node:fs'
import { BUNDLES_VARIABLE } from './bundle.ts'
import type { TestRun } from './global-setup.ts'

export default async function globalTeardown(): Promise<void> {
  const { paxyoTestServers = [], removeMemoryFolder } = globalThis as TestRun
  for (const server of paxyoTestServers.toReversed()) await server.stop()
  rmSync(process.env[BUNDLES_VARIABLE]!, { recursive: true, force: true })
  removeMemoryFolder?.()
}
