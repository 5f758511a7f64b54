#!/usr/bin/env node
import { runService } from '@paxyo/service-kit'
import { loadSimulatorConfig } from './config.ts'
import { startSimulator } from './simulator.ts'

await runService(async (resources) => {
  const simulator = resources.use(await startSimulator(loadSimulatorConfig(process.env)))
  process.stdout.write(`api: ${simulator.apiUrl}\ncontrol: ${simulator.url}/control\n`)
  process.stdout.write(`api key: ${simulator.apiKey}\nseed: ${simulator.seed}\n`)
})
