import type { Noise } from '../machine/noise.ts'

/** One variant's figures in one round. A figure's name ends in its unit. */
export interface Sample {
  /** The same for all variants, such as `256 connections`. */
  readonly load: string
  readonly variant: string
  readonly figures: Readonly<Record<string, number>>
  readonly noise: Noise
}

export interface Report {
  readonly name: string
  /** Our variant, which is divided by each of the others. */
  readonly subject: string
  readonly samples: readonly Sample[]
  /** Further results, line by line. */
  readonly remarks: readonly string[]
}

/** The samples by load, then by variant, in the order of their first appearance. */
export function byLoad(samples: readonly Sample[]): Map<string, Map<string, Sample[]>> {
  const result = new Map<string, Map<string, Sample[]>>()
  for (const sample of samples) {
    const variants = result.get(sample.load) ?? new Map<string, Sample[]>()
    result.set(sample.load, variants)
    variants.set(sample.variant, [...(variants.get(sample.variant) ?? []), sample])
  }
  return result
}

export function mainFigureOf(variants: ReadonlyMap<string, readonly Sample[]>): string {
  return Object.keys([...variants.values()][0]?.[0]?.figures ?? {})[0] ?? ''
}

export function figure(samples: readonly Sample[], name: string): number[] {
  return samples.map(({ figures }) => figures[name]).filter((value) => value !== undefined)
}
