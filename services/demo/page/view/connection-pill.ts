import type { ConnectionStatus } from '@paxyo/browser-client'
import { byId, setText } from './element.ts'
import { formatClockTime, formatExactTime } from './format.ts'

const NAMES: Readonly<Record<ConnectionStatus['state'], string>> = {
  connecting: 'Connecting',
  live: 'Live',
  delayed: 'Delayed',
  reconnecting: 'Reconnecting',
  offline: 'Offline',
  closed: 'Disconnected',
}

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
      pill.title = `Since ${formatExactTime(status.sinceMs)}`
      setText(name, NAMES[status.state])
      const tick = (): void => setText(detail, detailOf(status, Date.now()))
      tick()
      if (status.retryAtMs !== undefined) timer = setInterval(tick, TICK_MS)
    },
  }
}

function detailOf({ state, sinceMs, retryAtMs }: ConnectionStatus, nowMs: number): string {
  const waitS = retryAtMs === undefined ? 0 : Math.ceil((retryAtMs - nowMs) / 1000)
  if (state !== 'offline' && waitS > 0) return `retry in ${waitS} s`
  return state === 'connecting' ? '' : `since ${formatClockTime(sinceMs)}`
}
