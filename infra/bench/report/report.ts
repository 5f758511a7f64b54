import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { plot } from './plot.ts'
import { byLoad, figure, mainFigureOf, type Report } from './samples.ts'
import { median, spread } from './statistics.ts'

/**
 * Subject ÷ variant of each load's main figure, which is its first, by load and variant: a ratio for each round, in which both
 * ran one after the other, so that the machine's speed cancels out.
 */
export function ratios({ samples, subject }: Report): Map<string, number[]> {
  const result = new Map<string, number[]>()
  for (const [load, variants] of byLoad(samples)) {
    const mainFigure = mainFigureOf(variants)
    if (!variants.has(subject)) continue
    const own = figure(variants.get(subject)!, mainFigure)
    for (const [variant, rounds] of variants) {
      if (variant === subject) continue
      const other = figure(rounds, mainFigure)
      const both = own.slice(0, other.length)
      result.set(
        `${load}, ${variant}`,
        both.map((value, round) => value / other[round]!),
      )
    }
  }
  return result
}

/** Medians of all rounds and of their ratios, with their spread, one table for each load. */
export function toTables(report: Report): string {
  const lines: string[] = []
  const ratioBy = ratios(report)
  for (const [load, variants] of byLoad(report.samples)) {
    const names = [...new Set([...variants.values()].flat().flatMap(({ figures }) => Object.keys(figures)))]
    const isCompared = variants.size > 1 && variants.has(report.subject)
    const rows = [...variants].map(([variant, rounds]) =>
      [variant].concat(
        names.map((name) => cell(figure(rounds, name))),
        isCompared ? ratioCell(ratioBy.get(`${load}, ${variant}`)) : [],
      ),
    )
    const head = ['', ...names].concat(isCompared ? `${report.subject} ÷ it` : [])
    lines.push('', `### ${report.name}: ${load}`, '', ...toRows([head, ...rows]))
  }
  const noises = report.samples.map(({ noise }) => noise)
  const percent = (values: number[]): string => `${(median(values) * 100).toFixed(0)} %`
  lines.push(
    '',
    `Figures are medians, ± half the spread over the rounds. The machine: ${percent(noises.map(({ idle }) => idle))} ` +
      `idle, ${percent(noises.map(({ steal }) => steal))} stolen, calibration loop ` +
      `${median(noises.map(({ loopMs }) => loopMs)).toFixed(0)} ms ± ` +
      `${((spread(noises.map(({ loopMs }) => loopMs)) / 2) * 100).toFixed(0)} %.`,
    ...report.remarks,
    '',
  )
  return lines.join('\n')
}

/** Writes the samples as JSON, the tables as Markdown and a plot of each load's main figure as SVG. */
export function writeReport(report: Report, folder: string): void {
  mkdirSync(folder, { recursive: true })
  const at = new Date().toISOString()
  writeFileSync(join(folder, `${report.name}.json`), JSON.stringify({ at, node: process.version, ...report }, null, 2))
  writeFileSync(join(folder, `${report.name}.md`), toTables(report))
  writeFileSync(join(folder, `${report.name}.svg`), plot(report))
}

function cell(values: readonly number[]): string {
  if (values.length === 0) return '–'
  const middle = median(values)
  const digits = Math.abs(middle) >= 100 ? 0 : Math.abs(middle) >= 10 ? 1 : 2
  const half = values.length > 1 && middle !== 0 ? ` ±${((spread(values) / 2) * 100).toFixed(0)} %` : ''
  return `${middle.toFixed(digits)}${half}`
}

/** Empty for the subject itself. */
const ratioCell = (values: readonly number[] | undefined): string => (values === undefined ? '' : cell(values))

function toRows(cells: readonly string[][]): string[] {
  const widths = cells[0]!.map((_head, column) => Math.max(...cells.map((row) => row[column]!.length)))
  const line = (row: readonly string[]): string =>
    `| ${row.map((text, column) => (column === 0 ? text.padEnd(widths[column]!) : text.padStart(widths[column]!))).join(' | ')} |`
  const rule = `|${widths.map((width, column) => (column === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`
  return [line(cells[0]!), rule, ...cells.slice(1).map(line)]
}
