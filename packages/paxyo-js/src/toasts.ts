import css from './toasts.css'
import { directionOf, type Messages } from '@paxyo/browser-client/format'

export interface Toast {
  /** A toast with the same key is replaced in its place. */
  readonly key: string
  readonly tone: 'plain' | 'good' | 'mixed' | 'bad'
  readonly title: string
  readonly text: string
  /** What was ordered, and for which address. */
  readonly service?: string
  readonly link?: string
}

export interface Toasts {
  show(toast: Toast): void
  has(key: string): boolean
}

export const TOASTS_MAX = 4
/** Long enough to read two lines twice. The time is paused while the pointer is on a toast, or the page is hidden. */
export const TOAST_MS = 8_000
const TICK_MS = 250

interface ShownToast {
  readonly element: HTMLLIElement
  readonly button: HTMLButtonElement
  remainingMs: number
}

/**
 * Toasts in a corner of the page, in a shadow tree, so that the page's CSS and theirs do not affect each other. A
 * separate live region, which must exist before the first toast, announces them to screen readers.
 */
export function createToasts(page: Document, language: string, messages: Messages): Toasts {
  const { host, region, list } = build(page, language, messages)
  const shown = new Map<string, ShownToast>()
  let focusCameFrom: Element | undefined
  let ticker: ReturnType<typeof setInterval> | undefined

  function tick(): void {
    const isPaused = page.visibilityState === 'hidden' || list.matches(':hover, :focus-within')
    if (isPaused) return
    for (const [key, toast] of shown) {
      toast.remainingMs -= TICK_MS
      if (toast.remainingMs <= 0) dismiss(key)
    }
  }

  function dismiss(key: string): void {
    const toast = shown.get(key)
    if (toast === undefined) return
    const hadFocus = toast.element.matches(':focus-within')
    shown.delete(key)
    toast.element.remove()
    if (hadFocus) focusNext()
    if (shown.size > 0) return
    clearInterval(ticker)
    ticker = undefined
    region.textContent = ''
  }

  /** Focus must not fall back to the top of the page. */
  function focusNext(): void {
    const next = [...shown.values()].pop()?.button ?? focusCameFrom
    if (next instanceof HTMLElement && next.isConnected) next.focus()
  }

  list.addEventListener('focusin', ({ relatedTarget }) => {
    if (relatedTarget instanceof Element && !list.contains(relatedTarget)) focusCameFrom = relatedTarget
  })
  list.addEventListener('keydown', (event) => {
    if (event.key !== 'Escape') return
    const key = [...shown].find(([, { element }]) => element.contains(event.target as Node))?.[0]
    if (key === undefined) return
    event.stopPropagation()
    dismiss(key)
  })

  return {
    has: (key) => shown.has(key),
    show(toast) {
      const { element, button } = toElement(page, toast, messages)
      button.addEventListener('click', () => dismiss(toast.key))
      const old = shown.get(toast.key)
      if (old === undefined) list.append(element)
      else {
        const hadFocus = old.element.matches(':focus-within')
        element.classList.add('again')
        old.element.replaceWith(element)
        if (hadFocus) button.focus()
      }
      shown.set(toast.key, { element, button, remainingMs: TOAST_MS })
      while (shown.size > TOASTS_MAX) dismiss(shown.keys().next().value!)
      region.append(line(page, toast))
      while (region.childElementCount > TOASTS_MAX) region.firstElementChild!.remove()
      ticker ??= setInterval(tick, TICK_MS)
      // A page that replaces its body takes the toasts with it.
      if (!host.isConnected) page.body.append(host)
    },
  }
}

function build(page: Document, language: string, messages: Messages) {
  const host = page.createElement('paxyo-toasts')
  host.lang = language
  host.dir = directionOf(language)
  const root = host.attachShadow({ mode: 'open' })
  addStyles(page, root)
  const region = page.createElement('div')
  region.setAttribute('role', 'status')
  // Screen readers announce each new line, not all lines again.
  region.setAttribute('aria-atomic', 'false')
  region.className = 'region'
  const section = page.createElement('section')
  section.setAttribute('aria-label', messages.notifications)
  const list = page.createElement('ol')
  section.append(list)
  root.append(region, section)
  page.body.append(host)
  return { host, region, list }
}

/** A <style>, which a strict Content-Security-Policy forbids, is for browsers without constructed stylesheets. */
function addStyles(page: Document, root: ShadowRoot): void {
  if ('adoptedStyleSheets' in root) {
    const styles = new CSSStyleSheet()
    styles.replaceSync(css)
    root.adoptedStyleSheets = [styles]
  } else {
    const styles = page.createElement('style')
    styles.textContent = css
    ;(root as ShadowRoot).append(styles)
  }
}

function toElement(page: Document, toast: Toast, messages: Messages) {
  const { tone, title, text } = toast
  const element = page.createElement('li')
  element.setAttribute('part', 'toast')
  element.dataset['tone'] = tone
  const message = page.createElement('p')
  const heading = page.createElement('strong')
  heading.textContent = title
  message.append(heading, text, ...details(page, toast))
  const button = page.createElement('button')
  button.type = 'button'
  button.setAttribute('aria-label', `${messages.dismiss}: ${title}`)
  button.textContent = '×'
  element.append(message, button)
  return { element, button }
}

/** What the toast's order is. */
function details(page: Document, { service = '', link = '' }: Toast): HTMLElement[] {
  const parts: HTMLElement[] = []
  if (service !== '') parts.push(detail(page, 'small', service))
  if (link !== '') {
    // The user's own text: only a web address becomes a link.
    const isWeb = /^https?:\/\//i.test(link)
    const element = detail(page, isWeb ? 'a' : 'small', link.replace(/^https?:\/\/(www\.)?/i, ''))
    if (isWeb) Object.assign(element, { href: link, target: '_blank', rel: 'noopener noreferrer' })
    parts.push(element)
  }
  return parts
}

function detail(page: Document, tag: 'a' | 'small', text: string): HTMLElement {
  const element = page.createElement(tag)
  element.className = 'detail'
  element.dir = 'auto'
  element.textContent = text
  return element
}

function line(page: Document, { title, text }: Toast): HTMLElement {
  const element = page.createElement('div')
  element.textContent = text === '' ? title : `${title}: ${text}`
  return element
}
