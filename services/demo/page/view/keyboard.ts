import { byId } from './element.ts'

/**
 * `/` focuses the search, Esc clears it and leaves it. The browser closes the notification centre on Esc.
 *
 * @param dismiss closes everything above the page, and returns whether there was something.
 */
export function listenToKeyboard(dismiss: () => boolean): void {
  const search = byId('search', 'input')
  addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return
    if (event.key === '/' && !isTyping(event.target)) {
      event.preventDefault()
      search.focus()
      search.select()
    }
    if (event.key !== 'Escape') return
    if (document.querySelector(':popover-open') !== null || dismiss()) return
    if (event.target !== search) return
    if (search.value === '') return search.blur()
    search.value = ''
    search.dispatchEvent(new Event('input'))
  })
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches('input, textarea, select, [contenteditable]')
}
