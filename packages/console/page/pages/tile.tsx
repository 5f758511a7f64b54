import type { ComponentChildren } from 'preact'
import { t } from '../kit/language.ts'
import type { Verdict } from '../state/verdicts.ts'

interface TileProps {
  readonly title: string
  /** The list that it is about. */
  readonly href: string
  /** Undefined while it is read. */
  readonly verdict: Verdict | undefined
  readonly figure: ComponentChildren
  readonly chart?: ComponentChildren
  /** The verdict in words. */
  readonly children: ComponentChildren
}

export const Tile = ({ title, href, verdict, figure, chart, children }: TileProps) => (
  <a class="tile" href={href} data-verdict={verdict ?? 'loading'} aria-busy={verdict === undefined}>
    <h2>{title}</h2>
    <p class="tile-figure">{verdict === undefined ? <span aria-hidden="true">–</span> : figure}</p>
    <p class="tile-text">{verdict === undefined ? t('loading') : children}</p>
    {chart}
  </a>
)
