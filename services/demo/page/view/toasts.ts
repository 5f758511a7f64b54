import { withToasts, type Toast } from '../state/toasts.ts'
import { describeToast } from './describe.ts'
import { byId, element } from './element.ts'
import { formatDismiss } from './format.ts'

const SHOWN_MS = 6_000

export interface Toasts {
  show(toasts: readonly Toast[]): void
  /** @returns whether there was one. */
  dismissAll(): boolean
}

/** Shows changes in a corner for a few seconds, and as long as the pointer or the focus is there. */
export function createToasts(): Toasts {
  const list = byId('toasts')
  const items = new Map<Toast, HTMLElement>()
  const isHeld = (): boolean => list.matches(':hover, :focus-within')

  function remove(toast: Toast): void {
    items.get(toast)?.remove()
    items.delete(toast)
  }

  function add(toast: Toast): void {
    const { title, text, tone } = describeToast(toast)
    const close = element('button', { className: 'toast-close', text: '×', label: `${formatDismiss()}: ${title}` })
    close.type = 'button'
    const item = element(
      'li',
      { className: 'toast' },
      element('span', { className: 'mark', data: { tone } }),
      element('p', {}, element('strong', { text: title }), element('span', { text })),
      close,
    )
    close.addEventListener('click', () => remove(toast))
    list.append(item)
    items.set(toast, item)
    const expire = (): void => {
      if (isHeld()) setTimeout(expire, SHOWN_MS / 2)
      else remove(toast)
    }
    setTimeout(expire, SHOWN_MS)
  }

  return {
    show(added) {
      if (added.length === 0) return
      const next = new Set(withToasts([...items.keys()], added))
      for (const toast of items.keys()) if (!next.has(toast)) remove(toast)
      for (const toast of next) if (!items.has(toast)) add(toast)
    },
    dismissAll() {
      const had = items.size > 0
      for (const toast of items.keys()) remove(toast)
      return had
    },
  }
}
