import { action } from '../cli.ts'
import type { SecretsOptions } from '../secrets/write-missing-secrets.ts'
import type { AddCommand } from '../add-command.ts'

export const addSecrets: AddCommand = (program, terminal, finished) => {
  program
    .command('secrets')
    .description("create what is missing of an installation's secrets, and leave the rest unchanged")
    .option('--folder <folder>', 'where they are (SECRETS_DIR, or infra/deploy/compose/secrets)')
    .option(
      '--host <name>',
      "a name or an address in the site's certificate; may be repeated (localhost, 127.0.0.1)",
      (name: string, names: readonly string[] | undefined): readonly string[] => [...(names ?? []), name],
    )
    .option('--rotate <name>', 'put a new value beside the old ones')
    .option('--retire <name>', 'keep the newest value only')
    .action(
      action(terminal, finished, async (cli, options: SecretsOptions) => {
        const { writeMissingSecrets } = await import('../secrets/write-missing-secrets.ts')
        await writeMissingSecrets(cli, options)
      }),
    )
}
