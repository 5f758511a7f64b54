import type { ComponentChildren } from 'preact'
import type { ApiProblem } from '../data/api.ts'
import { t } from '../kit/language.ts'
import { problemText } from '../parts/basic.tsx'
import type { Verdict } from '../state/verdicts.ts'

interface TileProps {
  readonly title: string
  /** The list that it is about. */
  readonly href: string
  readonly problem: ApiProblem | undefined
  /** Undefined while it is read. */
  readonly verdict: Verdict | undefined
  readonly figure: ComponentChildren
  readonly chart?: ComponentChildren
  /** The verdict in words. */
  readonly children: ComponentChildren
}

export const Tile = ({ title, href, problem, verdict, figure, chart, children }: TileProps) => (
  <a class="tile" href={href} data-verdict={problem ? 'bad' : (verdict ?? 'loading')} aria-busy={!problem && !verdict}>
    <h2>{title}</h2>
    <p class="tile-figure">{problem || verdict === undefined ? <span aria-hidden="true">–</span> : figure}</p>
    <p class="tile-text">{problem ? problemText(problem) : verdict === undefined ? t('loading') : children}</p>
    {chart}
  </a>
)
