import type { Diagnostic } from '../doctor/diagnostic.ts'
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

interface Written {
  readonly files: readonly WrittenFile[]
  /** What would keep the service from starting. */
  readonly warnings: readonly Diagnostic[]
  readonly steps: readonly Step[]
}

export function renderWritten(
  { style }: Pick<Terminal, 'style'>,
  folder: string,
  { files, warnings, steps }: Written,
): string {
  return [
    `In ${folder}:`,
    table(files.map(({ name, outcome }) => [`  ${name}`, OUTCOMES[outcome]])),
    ...(warnings.length === 0 ? [] : ['', table(toRows(style, warnings))]),
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
  const failures = checks.filter(({ status }) => status === 'failed').length
  return `${table(toRows(style, checks))}\n\n${failures === 0 ? style('green', 'Ready.') : style('red', `${failures} failed.`)}`
}

const toRows = (style: Terminal['style'], checks: readonly Diagnostic[]): string[][] =>
  checks.flatMap(({ check, status, message, hint }) => [
    [style(TICKS[status][0], TICKS[status][1]), check, printable(message)],
    ...(hint === undefined ? [] : [['', '', style('dim', `→ ${hint}`)]]),
  ])
