import { action } from '../cli.ts'
import type { AddCommand } from '../add-command.ts'

export const addVersion: AddCommand = (program, terminal, finished) => {
  program
    .command('version')
    .description('print the version')
    .option(
      '--check',
      'also compare it with the database (DATABASE_URL) and the running gateways (PAXYO_URL, PAXYO_API_KEY); those that are not set are skipped',
    )
    .action(
      action(terminal, finished, async (cli, { check }: { readonly check?: true | undefined }) => {
        const { checkVersion, readVersion } = await import('../version/check-version.ts')
        const version = readVersion()
        if (check !== true) return cli.print({ version }, () => version)
        await checkVersion(cli, version)
      }),
    )
}
