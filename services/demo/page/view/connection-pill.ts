import type { ConnectionStatus } from '@paxyo/browser-client'
import { t } from '../text/language.ts'
import { byId, setText } from './element.ts'
import { formatClockTime, formatConnection, formatExactTime, formatNumber } from './format.ts'

const TICK_MS = 1_000

/**
 * The connection's state, since when, and the time until the next retry. Screen readers get only the state, not the
 * countdown.
 */
export function createConnectionPill(): { show(status: ConnectionStatus): void } {
  const pill = byId('connection')
  const name = pill.querySelector('.connection-name')!
  const detail = pill.querySelector('.connection-detail')!
  let timer = 0
  return {
    show(status) {
      clearInterval(timer)
      pill.dataset['state'] = status.state
      pill.title = t('sinceTitle', { time: formatExactTime(status.sinceMs) })
      setText(name, formatConnection(status.state))
      const tick = (): void => setText(detail, detailOf(status, Date.now()))
      tick()
      if (status.retryAtMs !== undefined) timer = setInterval(tick, TICK_MS)
    },
  }
}

function detailOf({ state, sinceMs, retryAtMs }: ConnectionStatus, nowMs: number): string {
  const waitS = retryAtMs === undefined ? 0 : Math.ceil((retryAtMs - nowMs) / 1000)
  if (state !== 'offline' && waitS > 0) return t('retryIn', { seconds: formatNumber(waitS) })
  return state === 'connecting' ? '' : t('since', { time: formatClockTime(sinceMs) })
}
