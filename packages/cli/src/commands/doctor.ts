import { action } from '../cli.ts'
import type { Finding } from '../doctor/finding.ts'
import { printable } from '../output/printable.ts'
import { table } from '../output/table.ts'
import type { AddCommand } from '../add-command.ts'
import type { Terminal } from '../terminal.ts'

export const addDoctor: AddCommand = (program, terminal, finished) => {
  program
    .command('doctor')
    .description('look at configuration, PostgreSQL, Redis and the API, and diagnose problems and suggest fixes')
    .action(
      action(terminal, finished, async (cli) => {
        const { runDoctor } = await import('../doctor/run-doctor.ts')
        const result = await runDoctor(cli.env)
        cli.print(result, () => render(result.findings, cli))
        if (!result.isHealthy) cli.finish('findings')
      }),
    )
}

const STYLES = { ok: 'green', warning: 'yellow', failed: 'red', skipped: 'dim' } as const

function render(findings: readonly Finding[], { style }: Pick<Terminal, 'style'>): string {
  const rows = findings.flatMap(({ status, check, message, hint }) => [
    [style(STYLES[status], status), check, printable(message)],
    ...(hint === undefined ? [] : [['', '', style('dim', `→ ${hint}`)]]),
  ])
  const count = (status: Finding['status']): number => findings.filter((finding) => finding.status === status).length
  const verdict =
    count('failed') > 0
      ? style('red', `${count('failed')} failed, ${count('warning')} warnings.`)
      : style('green', `Healthy, ${count('warning')} warnings.`)
  return `${table(rows)}\n\n${verdict}`
}
