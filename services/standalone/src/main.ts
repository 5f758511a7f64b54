import { runService } from '@paxyo/service-kit'
import { loadStandaloneConfig } from './config.ts'
import { startStandalone } from './standalone.ts'

await runService((resources) => startStandalone(loadStandaloneConfig(process.env), resources))
