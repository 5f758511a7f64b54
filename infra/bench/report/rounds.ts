import { watchNoise } from '../machine/noise.ts'
import type { Sample } from './samples.ts'

/**
 * Lets variants take turns, A B B A, so that other work on the machine affects all of them. The order reverses with each
 * round.
 */
export async function takeTurns<Variant extends { readonly name: string }>(
  load: string,
  variants: readonly Variant[],
  rounds: number,
  measure: (variant: Variant) => Promise<Record<string, number>>,
): Promise<Sample[]> {
  const samples: Sample[] = []
  for (let round = 0; round < rounds; round += 1) {
    for (const variant of round % 2 === 0 ? variants : variants.toReversed()) {
      const noise = watchNoise()
      const figures = await measure(variant)
      samples.push({ load, variant: variant.name, figures, noise: noise() })
      process.stderr.write(`${load}, ${variant.name}: ${JSON.stringify(figures, shorten)}\n`)
    }
  }
  // In the order of `variants`, not of the rounds.
  return variants.flatMap(({ name }) => samples.filter(({ variant }) => variant === name))
}

function shorten(_key: string, value: unknown): unknown {
  return typeof value === 'number' ? Number(value.toPrecision(4)) : value
}
