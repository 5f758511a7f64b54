import type { Signal } from '@preact/signals'
import type { ComponentChildren, InputHTMLAttributes } from 'preact'
import { useEffect, useRef } from 'preact/hooks'
import type { ApiProblem } from '../data/api.ts'
import { nowMs } from '../kit/clock.ts'
import { formatAmount, formatExactTime, formatRelativeTime, formatSince, formatSum } from '../kit/format.ts'
import { t, textOf } from '../kit/language.ts'
import { statusText } from '@paxyo/contracts/data'

export type Tone = 'good' | 'bad' | 'warn' | 'busy' | 'quiet'

export const Badge = ({ tone, children }: { tone: Tone; children: ComponentChildren }) => (
  <span class="badge" data-tone={tone}>
    {children}
  </span>
)

const STATUS_TONES: Readonly<Record<string, Tone>> = {
  in_progress: 'busy',
  processing: 'busy',
  completed: 'good',
  partial: 'warn',
  canceled: 'bad',
  failed: 'bad',
}

export const statusName = (status: string): string => textOf('status', status) ?? statusText(status)

export const Status = ({ status }: { status: string }) => (
  <Badge tone={STATUS_TONES[status] ?? 'quiet'}>{statusName(status)}</Badge>
)

const OUTCOME_TONES: Readonly<Record<string, Tone>> = {
  applied: 'good',
  progress: 'busy',
  review: 'warn',
  parked: 'warn',
  awaiting_verification: 'warn',
}

export const Outcome = ({ outcome }: { outcome: string }) => (
  <Badge tone={OUTCOME_TONES[outcome] ?? 'quiet'}>{textOf('outcome', outcome) ?? statusText(outcome)}</Badge>
)

/** An amount; it is read from left to right in every language. */
export const Amount = ({ amount, currency, sign = '' }: { amount: string; currency: string; sign?: string }) => (
  <bdi class="amount">
    {sign}
    {formatAmount(amount, currency)}
  </bdi>
)

/** A sum, rounded to two decimals, with all its digits as its title. */
export const Sum = ({ amount, currency }: { amount: string; currency: string }) => (
  <bdi class="amount" title={formatAmount(amount, currency)}>
    {formatSum(amount, currency)}
  </bdi>
)

/** A time as "12 s ago", with the exact time as its title. */
export const Ago = ({ time }: { time: string }) => (
  <time dateTime={time} title={formatExactTime(time)}>
    {formatRelativeTime(time, nowMs.value)}
  </time>
)

/** A time as "14:02", with the exact time as its title. */
export const Since = ({ time }: { time: string }) => (
  <time dateTime={time} title={formatExactTime(time)}>
    {formatSince(time, nowMs.value)}
  </time>
)

export const Time = ({ time }: { time: string }) => <time dateTime={time}>{formatExactTime(time)}</time>

/** An id or another text of a machine: from left to right, and it may break anywhere. */
export const Code = ({ children }: { children: ComponentChildren }) => <code dir="ltr">{children}</code>

interface ButtonProps {
  readonly onClick?: () => void
  readonly kind?: 'plain' | 'primary' | 'danger' | 'quiet'
  readonly type?: 'button' | 'submit'
  readonly isBusy?: boolean
  readonly isDisabled?: boolean
  readonly shortcut?: string
  readonly label?: string
  readonly isPressed?: boolean
  readonly children: ComponentChildren
}

export const Button = (props: ButtonProps) => {
  const {
    onClick,
    kind = 'plain',
    type = 'button',
    isBusy = false,
    isDisabled = false,
    shortcut,
    label,
    isPressed,
  } = props
  return (
    <button
      class="button"
      data-kind={kind}
      type={type}
      aria-busy={isBusy}
      aria-disabled={isBusy || isDisabled}
      aria-keyshortcuts={shortcut}
      aria-label={label}
      aria-pressed={isPressed}
      onClick={(event) => {
        if (isBusy || isDisabled) event.preventDefault()
        else onClick?.()
      }}
    >
      {props.children}
      {shortcut === undefined ? null : <kbd aria-hidden="true">{shortcut}</kbd>}
    </button>
  )
}

/** What went wrong, in a sentence. */
export function problemText(problem: ApiProblem): string {
  const known = textOf('problem', problem.code, { detail: problem.message })
  if (known !== undefined) return known
  return problem.message === '' ? t('problem.other', { code: problem.code }) : problem.message
}

export const Problem = ({ problem, onRetry }: { problem: ApiProblem | undefined; onRetry?: () => void }) =>
  problem === undefined ? null : (
    <div class="problem" role="alert">
      <p>{problemText(problem)}</p>
      {onRetry && <Button onClick={onRetry}>{t('action.retry')}</Button>}
    </div>
  )

/** Stands for text that is being read. */
export const Skeleton = ({ lines = 3 }: { lines?: number }) => (
  <div class="skeleton" role="status">
    <span class="visually-hidden">{t('loading')}</span>
    {Array.from({ length: lines }, (_, line) => (
      <span key={line} class="skeleton-line" aria-hidden="true" />
    ))}
  </div>
)

export const Empty = ({ title, children }: { title: string; children?: ComponentChildren }) => (
  <div class="empty">
    <p class="empty-title">{title}</p>
    {children}
  </div>
)

interface ScreenProps {
  readonly title: string
  readonly lead?: ComponentChildren
  readonly actions?: ComponentChildren
  readonly children: ComponentChildren
}

/** A page of the console. Its heading gets the focus when it is opened, so that a screen reader reads it. */
export const Screen = ({ title, lead, actions, children }: ScreenProps) => {
  const heading = useRef<HTMLHeadingElement>(null)
  useEffect(() => {
    // A person who types in the search field goes on typing.
    if (!(document.activeElement instanceof HTMLInputElement)) heading.current?.focus({ preventScroll: true })
  }, [])
  useEffect(() => {
    document.title = `${title} · Paxyo`
  }, [title])
  return (
    <>
      <div class="screen-head">
        <div>
          <h1 ref={heading} tabIndex={-1}>
            {title}
          </h1>
          {lead === undefined ? null : <p class="lead">{lead}</p>}
        </div>
        {actions === undefined ? null : <div class="screen-actions">{actions}</div>}
      </div>
      {children}
    </>
  )
}

interface PanelProps {
  readonly title: string
  readonly actions?: ComponentChildren
  readonly children: ComponentChildren
}

export const Panel = ({ title, actions, children }: PanelProps) => (
  <section class="panel" aria-label={title}>
    <div class="panel-head">
      <h2>{title}</h2>
      {actions}
    </div>
    {children}
  </section>
)

/** Names and values. */
export const Facts = ({ facts }: { facts: readonly (readonly [name: string, value: ComponentChildren])[] }) => (
  <dl class="facts">
    {facts.map(([name, value]) => (
      <div key={name}>
        <dt>{name}</dt>
        <dd>{value}</dd>
      </div>
    ))}
  </dl>
)

type FieldProps = InputHTMLAttributes & {
  readonly label: string
  readonly hint?: string
  readonly name: string
  /** The text that the person types. */
  readonly bind?: Signal<string>
}

export const Field = ({ label, hint, name, bind, ...input }: FieldProps) => (
  <div class="field">
    <label for={`field-${name}`}>{label}</label>
    <input
      {...input}
      {...(bind && { value: bind.value, onInput: (event) => (bind.value = event.currentTarget.value) })}
      id={`field-${name}`}
      name={name}
      aria-describedby={hint === undefined ? undefined : `hint-${name}`}
    />
    {hint === undefined ? null : (
      <p class="hint" id={`hint-${name}`}>
        {hint}
      </p>
    )}
  </div>
)
