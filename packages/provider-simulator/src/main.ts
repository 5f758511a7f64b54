#!/usr/bin/env node
import { runService } from '@paxyo/service-kit'
import { loadSimulatorConfig } from './config.ts'
import { startSimulator } from './simulator.ts'

await runService(async () => {
  const simulator = await startSimulator(loadSimulatorConfig(process.env))
  process.stdout.write(`api: ${simulator.apiUrl}\ncontrol: ${simulator.url}/control\n`)
  process.stdout.write(`api key: ${simulator.apiKey}\nseed: ${simulator.seed}\n`)
  return simulator
})
