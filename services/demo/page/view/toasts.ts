import type { Toast } from '../state/toasts.ts'
import { describeToast } from './describe.ts'
import { byId, element } from './element.ts'

const SHOWN_MS = 6_000
const TOASTS_MAX = 4

export interface Toasts {
  show(toasts: readonly Toast[]): void
  /** @returns whether there was one. */
  dismissAll(): boolean
}

/** Shows changes in a corner for a few seconds, and as long as the pointer or the focus is there. */
export function createToasts(): Toasts {
  const list = byId('toasts')
  const isHeld = (): boolean => list.matches(':hover, :focus-within')

  function add(toast: Toast): void {
    const { title, text, tone } = describeToast(toast)
    const close = element('button', { className: 'toast-close', text: '×', label: `Dismiss: ${title}` })
    close.type = 'button'
    const item = element(
      'li',
      { className: 'toast' },
      element('span', { className: 'mark', data: { tone } }),
      element('p', {}, element('strong', { text: title }), element('span', { text })),
      close,
    )
    close.addEventListener('click', () => item.remove())
    list.append(item)
    const expire = (): void => {
      if (isHeld()) setTimeout(expire, SHOWN_MS / 2)
      else item.remove()
    }
    setTimeout(expire, SHOWN_MS)
  }

  return {
    show(toasts) {
      for (const toast of toasts) add(toast)
      while (list.children.length > TOASTS_MAX) list.firstElementChild!.remove()
    },
    dismissAll() {
      const had = list.children.length > 0
      list.replaceChildren()
      return had
    },
  }
}
