import { rmSync } from 'node:fs'
import { endChromium } from './chromium.ts'
import type { TestRun } from './global-setup.ts'
import { RUN_FOLDER_VARIABLE } from './once-per-run.ts'

export default async function globalTeardown(): Promise<void> {
  // Where Jest runs all files in this process.
  await endChromium()
  const { paxyoTestServers = [], removeMemoryFolder } = globalThis as TestRun
  for (const server of paxyoTestServers.toReversed()) await server.stop()
  rmSync(process.env[RUN_FOLDER_VARIABLE]!, { recursive: true, force: true })
  removeMemoryFolder?.()
}
