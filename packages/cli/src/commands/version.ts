import { action } from '../cli.ts'
import type { AddCommand } from '../add-command.ts'

export const addVersion: AddCommand = (program, terminal, finished) => {
  program
    .command('version')
    .description('print the version')
    .option(
      '--check',
      'also compare it with the database and the services that are connected to it (DATABASE_URL), and with those that the panel API knows (PAXYO_URL, PAXYO_API_KEY); those that are not set are skipped',
    )
    .action(
      action(terminal, finished, async (cli, { check }: { readonly check?: true | undefined }) => {
        const { readVersion } = await import('@paxyo/service-kit/release-version')
        const version = readVersion()
        if (check !== true) return cli.print({ version }, () => version)
        const { checkVersion } = await import('../version/check-version.ts')
        await checkVersion(cli, version)
      }),
    )
}
