import { action } from '../cli.ts'
import type { Diagnostic } from '@paxyo/database/diagnostic'
import { printable } from '../output/printable.ts'
import { table } from '../output/table.ts'
import type { AddCommand } from '../add-command.ts'
import type { Terminal } from '../terminal.ts'

export const addDoctor: AddCommand = (program, terminal, finished) => {
  program
    .command('doctor')
    .description('check configuration, PostgreSQL, Redis and the API; diagnose problems and suggest fixes')
    .action(
      action(terminal, finished, async (cli) => {
        const { runDoctor } = await import('../doctor/run-doctor.ts')
        const result = await runDoctor(cli.env)
        cli.print(result, () => render(result.diagnostics, cli))
        if (!result.isHealthy) cli.finish('violations')
      }),
    )
}

const STYLES = { ok: 'green', warning: 'yellow', failed: 'red', skipped: 'dim' } as const

function render(diagnostics: readonly Diagnostic[], { style }: Pick<Terminal, 'style'>): string {
  const rows = diagnostics.flatMap(({ status, check, message, hint }) => [
    [style(STYLES[status], status), check, printable(message)],
    ...(hint === undefined ? [] : [['', '', style('dim', `→ ${hint}`)]]),
  ])
  const count = (status: Diagnostic['status']): number =>
    diagnostics.filter((diagnostic) => diagnostic.status === status).length
  const verdict =
    count('failed') > 0
      ? style('red', `${count('failed')} failed, ${count('warning')} warnings.`)
      : style('green', `Healthy, ${count('warning')} warnings.`)
  return `${table(rows)}\n\n${verdict}`
}
