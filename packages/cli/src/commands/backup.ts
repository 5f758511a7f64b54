import { action } from '../cli.ts'
import type { AddCommand } from '../add-command.ts'

export const addBackup: AddCommand = (program, terminal, finished) => {
  program
    .command('backup')
    .description('copy the data of a running standalone (DATA_DIR) to a new folder')
    .argument('<folder>')
    .action(
      action(terminal, finished, async (cli, _options, folder: string) => {
        const { backUp } = await import('../backup/back-up.ts')
        await backUp(cli, folder)
      }),
    )
}
