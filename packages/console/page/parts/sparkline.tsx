import { linePoints } from '../state/days.ts'

const WIDTH = 200
const HEIGHT = 36

/** A small line of the last days; the numbers are on the page that the tile opens. */
export const Sparkline = ({ values, label }: { values: readonly number[] | undefined; label: string }) =>
  values === undefined || values.every((value) => value === 0) ? null : (
    <svg class="sparkline" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={label} preserveAspectRatio="none">
      <polyline points={linePoints(values, WIDTH, HEIGHT)} fill="none" vector-effect="non-scaling-stroke" />
    </svg>
  )
