import { action } from '../cli.ts'
import type { AddCommand } from '../add-command.ts'

export const addExporter: AddCommand = (program, terminal, finished) => {
  program
    .command('exporter')
    .description('serve metrics of certificates, backups, disks and the size of the database, until a signal')
    .addHelpText(
      'after',
      '\nCERTIFICATES: files of certificates, or host:port of servers, separated by commas.' +
        '\nBACKUP_DIR: the folder of the backups; the newest file or folder in it, without `.part`, is the last one.' +
        '\nDISKS: folders whose disks are measured, separated by commas.' +
        '\nDATABASE_URL: any login of the database; without it, its size is not measured.' +
        '\nHOST, METRICS_PORT: where to listen (0.0.0.0, 9464).',
    )
    .action(action(terminal, finished, async (cli) => (await import('../exporter/run-exporter.ts')).runExporter(cli)))
}
