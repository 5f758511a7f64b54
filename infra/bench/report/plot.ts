import { byLoad, figure, mainFigureOf, type Report } from './samples.ts'
import { median } from './statistics.ts'

const WIDTH = 860
const LABEL_WIDTH = 300
const BAR_HEIGHT = 18
const GAP = 6
const COLORS = ['#2563eb', '#94a3b8']

/** Main figures as bars: one group for each load, with a whisker from the lowest round to the highest. */
export function plot(report: Report): string {
  const { subject } = report
  const loads = byLoad(report.samples)
  const parts: string[] = []
  let y = 46
  for (const [load, variants] of loads) {
    const mainFigure = mainFigureOf(variants)
    const highest = Math.max(...figure([...variants.values()].flat(), mainFigure))
    const scale = (value: number): number => (value / highest) * (WIDTH - LABEL_WIDTH - 90)
    parts.push(text(12, y, `${load}: ${mainFigure}`, 'bold'))
    y += GAP + 4
    for (const [variant, rounds] of variants) {
      const values = figure(rounds, mainFigure)
      if (values.length === 0) continue
      const middle = median(values)
      const [from, to] = [scale(Math.min(...values)), scale(Math.max(...values))]
      const center = y + BAR_HEIGHT / 2
      parts.push(
        text(24, y + BAR_HEIGHT - 5, variant),
        `<rect x="${LABEL_WIDTH}" y="${y}" width="${scale(middle).toFixed(1)}" height="${BAR_HEIGHT}" fill="${COLORS[variant === subject ? 0 : 1]}"/>`,
        `<path d="M${LABEL_WIDTH + from} ${center}H${LABEL_WIDTH + to}" stroke="#0f172a"/>`,
        text(LABEL_WIDTH + to + 6, y + BAR_HEIGHT - 5, middle.toPrecision(3)),
      )
      y += BAR_HEIGHT + GAP
    }
    y += 22
  }
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${y}" font-family="sans-serif" font-size="12">`,
    `<rect width="100%" height="100%" fill="#fff"/>`,
    text(12, 20, report.name, 'bold'),
    ...parts,
    '</svg>',
    '',
  ].join('\n')
}

function text(x: number, y: number, content: string, weight = 'normal'): string {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
  return `<text x="${x}" y="${y}" font-weight="${weight}">${escaped}</text>`
}
