import { rmSync } from 'node:fs'
import { BUNDLES_VARIABLE } from './bundle.ts'
import type { SharedServer } from './provide-servers.ts'

export default async function globalTeardown(): Promise<void> {
  const servers = (globalThis as { paxyoTestServers?: SharedServer[] }).paxyoTestServers ?? []
  for (const server of servers.toReversed()) await server.stop()
  rmSync(process.env[BUNDLES_VARIABLE]!, { recursive: true, force: true })
}
