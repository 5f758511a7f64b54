import { signal } from '@preact/signals'
import type { FunctionComponent } from 'preact'
import { useEffect } from 'preact/hooks'
import { ApiProblem } from '../data/api.ts'
import { Problem, Skeleton } from './basic.tsx'
import { useRequest } from './request.ts'

const NOT_LOADED = new ApiProblem('unreachable', 0, '')

/** A page whose code is read when it is opened for the first time. After an update of the server, the page has to be loaded again. */
export function lazy(load: () => Promise<FunctionComponent>): FunctionComponent {
  const loaded = signal<{ readonly Component: FunctionComponent } | undefined>(undefined)
  return () => {
    const { run, problem } = useRequest(() => NOT_LOADED)
    useEffect(() => {
      if (loaded.value === undefined) void run(async () => (loaded.value = { Component: await load() }))
    }, [])
    const page = loaded.value
    if (page !== undefined) return <page.Component />
    return problem.value === undefined ? (
      <Skeleton lines={6} />
    ) : (
      <Problem problem={problem.value} onRetry={() => location.reload()} />
    )
  }
}
