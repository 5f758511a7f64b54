import { action } from '../cli.ts'
import type { AddCommand } from '../add-command.ts'
import type { SetupOptions } from '../run-setup.ts'

export const addSetup: AddCommand = (program, terminal, finished) => {
  program
    .command('setup')
    .description('write the files of a standalone in production, or check an installation end to end')
    .option('--folder <folder>', 'where the files are', 'paxyo-setup')
    .option('--host <host>', 'the public host name, with a port if it is not 443')
    .option('--panel-origin <origin>', "the origin of the panel's pages")
    .option('--panel <kind>', 'php or other')
    .option('--balance <mode>', "who keeps the users' balances: external (the panel) or kept (Paxyo)")
    .option('--provider <name>', "the provider's name in the webhook's URL")
    .option('--proxy <server>', 'nginx, apache, caddy, or none: the standalone terminates TLS')
    .option('--cert <file>', 'the certificate chain, PEM')
    .option('--key <file>', "the certificate's key, PEM")
    .option('--port <port>', 'the port of Paxyo on this machine')
    .option('--data-dir <folder>', 'the folder of its data')
    .option('--yes', 'ask nothing: take the suggestions')
    .option('--overwrite', 'replace files that exist and differ; they are kept as .old')
    .option('--check', 'test DNS, TLS, wss, Origin, token and a webhook')
    .option('--ca <file>', 'with --check: the certificate authority, PEM, if it is not a public one')
    .action(
      action(terminal, finished, async (cli, options: SetupOptions) => {
        const { setUp } = await import('../run-setup.ts')
        await setUp(cli, options)
      }),
    )
}
