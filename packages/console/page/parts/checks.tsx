import type { ComponentChildren } from 'preact'
import { sentenceOf, type TextValues } from '../kit/language.ts'
import { Badge, type Tone } from './basic.tsx'

interface CheckProps {
  readonly name: string
  readonly state: string
  readonly tone: Tone
  /** The state in words. */
  readonly verdict: ComponentChildren
  /** What to do; nothing when it works. */
  readonly fix?: ComponentChildren
  readonly children: ComponentChildren
}

/** A tick, or a sentence with the fix. */
export const Check = ({ name, state, tone, verdict, fix, children }: CheckProps) => (
  <li data-check={name} data-state={state}>
    <Badge tone={tone}>{verdict}</Badge>
    <div>
      {children}
      {fix ? <div class="check-fix">{fix}</div> : null}
    </div>
  </li>
)

interface ServerSentenceProps {
  /** In English. */
  readonly text: string
  readonly code?: string
  readonly values?: TextValues
}

/** A sentence of the server in the language of the page; in English when the page does not have its code. */
export const ServerSentence = ({ text, code, values }: ServerSentenceProps) => {
  const translated = code === undefined ? undefined : sentenceOf(code, values)
  if (translated !== undefined) return <>{translated}</>
  return (
    <span lang="en" dir="ltr">
      {text}
    </span>
  )
}
