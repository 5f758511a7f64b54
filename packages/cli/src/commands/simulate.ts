import { once } from 'node:events'
import { action } from '../cli.ts'
import type { AddCommand } from '../add-command.ts'

export const addSimulate: AddCommand = (program, terminal, finished) => {
  program
    .command('simulate')
    .description(
      'run the provider simulator (WEBHOOK_URL, WEBHOOK_TOKEN, …; packages/provider-simulator/README.md), until Ctrl-C',
    )
    .action(
      action(terminal, finished, async (cli) => {
        const { loadSimulatorConfig, startSimulator } = await import('@paxyo/provider-simulator')
        await using simulator = await startSimulator(loadSimulatorConfig(cli.env))
        const { apiUrl: api, apiKey, seed } = simulator
        const control = `${simulator.url}/control`
        cli.print({ api, control, apiKey, seed }, () =>
          [`api: ${api}`, `control: ${control}`, `api key: ${apiKey}`, `seed: ${seed}`].join('\n'),
        )
        if (!cli.signal.aborted) await once(cli.signal, 'abort')
      }),
    )
}
