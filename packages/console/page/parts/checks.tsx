import type { ComponentChildren } from 'preact'
import { Badge, type Tone } from './basic.tsx'

interface CheckProps {
  readonly name: string
  readonly state: string
  readonly tone: Tone
  /** The state in words. */
  readonly verdict: ComponentChildren
  /** What to do; nothing when it works. */
  readonly fix?: ComponentChildren
  /** Texts of the server are in English. */
  readonly isServerText?: boolean
  readonly children: ComponentChildren
}

/** A tick, or a sentence with the fix. */
export const Check = ({ name, state, tone, verdict, fix, isServerText = false, children }: CheckProps) => (
  <li data-check={name} data-state={state}>
    <Badge tone={tone}>{verdict}</Badge>
    <span {...(isServerText ? { lang: 'en', dir: 'ltr' } : {})}>
      {children}
      {fix ? <span class="check-fix">{fix}</span> : null}
    </span>
  </li>
)
