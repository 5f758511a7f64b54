import { action } from '../cli.ts'
import { Failure } from '../failure.ts'
import type { AddCommand } from '../program.ts'

export const addSimulate: AddCommand = (program, terminal, finished) => {
  program
    .command('simulate')
    .description(
      "run the provider's simulator (WEBHOOK_URL, WEBHOOK_TOKEN, …; packages/provider-simulator/README.md), until Ctrl-C",
    )
    .action(
      action(terminal, finished, async () => {
        const { runScript } = await import('../run-script.ts')
        const code = await runScript('@paxyo/provider-simulator', './main.ts', [])
        if (code !== 0 && !terminal.signal.aborted) throw new Failure('usage', `the simulator ended with ${code}`)
      }),
    )
}
