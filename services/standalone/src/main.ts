import { runService } from '@paxyo/service-kit'
import { loadStandaloneConfig } from './config.ts'
import { startStandalone } from './standalone.ts'

await runService(() => startStandalone(loadStandaloneConfig(process.env)))
