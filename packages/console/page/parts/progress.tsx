import { useSignal, type ReadonlySignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { toProblem, type ApiProblem } from '../data/api.ts'
import { t } from '../kit/language.ts'
import { Button, Problem } from './basic.tsx'

export interface ProgressState {
  readonly isRunning: ReadonlySignal<boolean>
  readonly count: ReadonlySignal<number | undefined>
  /** Of how many, once that is known. */
  readonly all: ReadonlySignal<number | undefined>
  readonly problem: ReadonlySignal<ApiProblem | undefined>
  readonly run: (work: (step: ProgressStep) => Promise<void>) => Promise<void>
  readonly stop: () => void
}

export interface ProgressStep {
  readonly isStopped: () => boolean
  readonly done: (more: number) => void
  /** All is found: counts from nothing to this. */
  readonly begin: (all: number) => void
}

/** Work of many requests, which a person can stop between two of them. */
export function useProgress(): ProgressState {
  const isRunning = useSignal(false)
  const isStopped = useSignal(false)
  const count = useSignal<number | undefined>(undefined)
  const all = useSignal<number | undefined>(undefined)
  const problem = useSignal<ApiProblem | undefined>(undefined)
  return {
    isRunning,
    count,
    all,
    problem,
    async run(work) {
      if (isRunning.value) return
      isRunning.value = true
      isStopped.value = false
      count.value = 0
      all.value = undefined
      problem.value = undefined
      try {
        await work({
          isStopped: () => isStopped.value,
          done: (more) => (count.value = (count.value ?? 0) + more),
          begin(found) {
            count.value = 0
            all.value = found
          },
        })
      } catch (error) {
        problem.value = toProblem(error)
      } finally {
        isRunning.value = false
      }
    },
    stop: () => (isStopped.value = true),
  }
}

interface ProgressProps {
  readonly progress: ProgressState
  readonly text: (count: number, all: number | undefined) => string
  /** The buttons that start it. */
  readonly children: ComponentChildren
}

export const Progress = ({ progress, text, children }: ProgressProps) => (
  <div class="buttons">
    <span role="status">
      {progress.count.value === undefined ? null : text(progress.count.value, progress.all.value)}
    </span>
    {progress.isRunning.value ? <Button onClick={progress.stop}>{t('action.stop')}</Button> : children}
    <Problem problem={progress.problem.value} />
  </div>
)
