import type { PingResult } from '@paxyo/panel-client'
import { useSignal, type ReadonlySignal } from '@preact/signals'
import type { JSX } from 'preact'
import { path, post } from '../data/api.ts'
import { t } from '../kit/language.ts'
import { Problem } from '../parts/basic.tsx'
import { useRequest } from '../parts/request.ts'

export interface Pings {
  readonly isBusy: ReadonlySignal<boolean>
  readonly send: () => Promise<void>
  /** What the panel's server responded. */
  readonly result: JSX.Element
}

/** Sends signed pings to an endpoint. */
export function usePings(endpointId: string): Pings {
  const ping = useSignal<PingResult | undefined>(undefined)
  const { isBusy, problem, run } = useRequest()
  return {
    isBusy,
    send: () => {
      ping.value = undefined
      return run(async () => {
        ping.value = await post<PingResult>(path`/v1/outgoing-webhooks/endpoints/${endpointId}/ping`)
      })
    },
    result: (
      <>
        <Problem problem={problem.value} />
        <div role="status">{ping.value === undefined ? null : <Ping result={ping.value} />}</div>
      </>
    ),
  }
}

const Ping = ({ result: { isDelivered, status, error } }: { result: PingResult }) => (
  <p class={isDelivered ? 'tick' : 'field-problem'}>
    {t(isDelivered ? 'webhooks.pingDelivered' : 'webhooks.pingFailed')}{' '}
    <bdi>{error ?? (status === null ? '' : `HTTP ${status}`)}</bdi>
  </p>
)
