import { useSignal, type ReadonlySignal } from '@preact/signals'
import { toProblem, type ApiProblem } from '../data/api.ts'

export interface RequestState {
  readonly isBusy: ReadonlySignal<boolean>
  readonly problem: ReadonlySignal<ApiProblem | undefined>
  /** Runs a request and keeps its problem; while one runs, it does nothing. */
  readonly run: (request: () => Promise<unknown>) => Promise<void>
}

/** @param problemOf what a person sees of an error; undefined for nothing. */
export function useRequest(problemOf: (error: unknown) => ApiProblem | undefined = toProblem): RequestState {
  const isBusy = useSignal(false)
  const problem = useSignal<ApiProblem | undefined>(undefined)
  return {
    isBusy,
    problem,
    async run(request) {
      if (isBusy.value) return
      isBusy.value = true
      problem.value = undefined
      try {
        await request()
      } catch (error) {
        problem.value = problemOf(error)
      } finally {
        isBusy.value = false
      }
    },
  }
}
