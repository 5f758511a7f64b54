import type { Diagnostic } from '@paxyo/database/diagnostic'
import { printable } from '../output/printable.ts'
import { table } from '../output/table.ts'
import type { Terminal } from '../terminal.ts'
import type { Step } from './next-steps.ts'
import type { WriteOutcome, WrittenFile } from './write-files.ts'

const OUTCOMES: Readonly<Record<WriteOutcome, string>> = {
  written: 'written',
  unchanged: 'unchanged',
  kept: 'kept: it differs, and the new one is beside it with .new (--overwrite replaces it)',
  replaced: 'replaced; the former one is beside it with .old',
}

export function renderWritten(
  { style }: Pick<Terminal, 'style'>,
  folder: string,
  files: readonly WrittenFile[],
  steps: readonly Step[],
): string {
  return [
    `In ${folder}:`,
    table(files.map(({ name, outcome }) => [`  ${name}`, OUTCOMES[outcome]])),
    ...steps.flatMap(({ title, commands }, index) => [
      '',
      style('bold', `${index + 1}. ${title}`),
      ...commands.map((command) =>
        command.startsWith('# ') ? `   ${command.slice(2)}` : `   ${style('dim', '$')} ${command}`,
      ),
    ]),
  ].join('\n')
}

const TICKS = { ok: ['green', '✓'], warning: ['yellow', '!'], failed: ['red', '✗'], skipped: ['dim', '–'] } as const

export function renderChecks({ style }: Pick<Terminal, 'style'>, checks: readonly Diagnostic[]): string {
  const tick = (status: Diagnostic['status']): string => style(TICKS[status][0], TICKS[status][1])
  const rows = checks.flatMap(({ check, status, message, hint }) => [
    [tick(status), check, printable(message)],
    ...(hint === undefined ? [] : [['', '', style('dim', `→ ${hint}`)]]),
  ])
  const failures = checks.filter(({ status }) => status === 'failed').length
  return `${table(rows)}\n\n${failures === 0 ? style('green', 'Ready.') : style('red', `${failures} failed.`)}`
}
