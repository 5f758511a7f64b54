import type { Toast } from '../state/toasts.ts'
import { t } from '../text/language.ts'
import { describeToast } from './describe.ts'
import { byId } from './element.ts'
import { formatNumber } from './format.ts'

/** Screen readers read each text of the live region: not more often than a user can follow. */
const INTERVAL_MS = 2_000
const WAITING_MAX = 3

/**
 * Announces changes to screen readers. Changes during an announcement are announced together; many become one sentence.
 */
export function createLiveRegion(): { announce(toasts: readonly Toast[]): void } {
  let waiting: string[] = []
  let count = 0
  let isPausing = false

  function speak(): void {
    if (count === 0) {
      isPausing = false
      return
    }
    byId('live-region').textContent =
      count > WAITING_MAX ? t('manyChanges', { count: formatNumber(count) }) : waiting.join(' ')
    waiting = []
    count = 0
    isPausing = true
    setTimeout(speak, INTERVAL_MS)
  }

  return {
    announce(toasts) {
      for (const toast of toasts) {
        const { title, text } = describeToast(toast)
        count += toast.kind === 'many' ? toast.count : 1
        if (waiting.length < WAITING_MAX) waiting.push(`${title}: ${text}`)
      }
      if (!isPausing) speak()
    },
  }
}
