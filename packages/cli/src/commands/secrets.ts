import { action } from '../cli.ts'
import type { SecretsOptions } from '../secrets/write-missing-secrets.ts'
import type { AddCommand } from '../add-command.ts'

export const addSecrets: AddCommand = (program, terminal, finished) => {
  program
    .command('secrets')
    .description("create an installation's missing secrets, and leave the others unchanged")
    .option('--folder <folder>', 'their folder (SECRETS_DIR, or infra/deploy/compose/secrets)')
    .option(
      '--host <name>',
      "a name or address in the site's certificate; can be repeated (localhost, 127.0.0.1)",
      (name: string, names: readonly string[] | undefined): readonly string[] => [...(names ?? []), name],
    )
    .option('--rotate <name>', 'add a new value and keep the old ones')
    .option('--retire <name>', 'keep only the newest value')
    .action(
      action(terminal, finished, async (cli, options: SecretsOptions) => {
        const { writeMissingSecrets } = await import('../secrets/write-missing-secrets.ts')
        await writeMissingSecrets(cli, options)
      }),
    )
}
