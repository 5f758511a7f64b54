import type { ConnectionStatus } from '@paxyo/browser-client'
import { t } from '../text/language.ts'
import { byId, setText } from './element.ts'

let isListening = false

/** Explains that the connection has ended, or has not succeeded yet. @param hasState whether the page shows orders. */
export function showProblem({ state, error }: ConnectionStatus, hasState: boolean): void {
  const isOver = state === 'closed'
  const isWaiting = error !== undefined && !hasState && state !== 'live' && state !== 'delayed'
  byId('problem').hidden = !isOver && !isWaiting
  byId('problem').dataset['tone'] = isOver ? 'over' : 'waiting'
  byId('problem-reload').hidden = !isOver
  if (isOver) {
    setText(byId('problem-text'), t('connectionEnded'))
  } else if (isWaiting) {
    setText(byId('problem-text'), t('waitingForServer'))
  }
  if (isListening) return
  isListening = true
  byId('problem-reload').addEventListener('click', () => location.reload())
}
