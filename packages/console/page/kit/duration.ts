import { language } from './language.ts'

const UNITS: readonly [unit: string, ms: number][] = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1000],
  ['millisecond', 1],
]

/** `140 ms`, `3 sec`: the largest unit in which it is at least one. */
export function formatDuration(ms: number): string {
  const [unit, size] = UNITS.find(([, length]) => ms >= length) ?? UNITS.at(-1)!
  return new Intl.NumberFormat(language(), {
    style: 'unit',
    unit,
    unitDisplay: 'short',
    maximumFractionDigits: size === 1 || ms / size >= 10 ? 0 : 1,
  }).format(ms / size)
}
