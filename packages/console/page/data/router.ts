import { computed, signal } from '@preact/signals'

/** The page's address below `/console`. */
export interface Place {
  /** The first part, such as `reviews`; empty for the start. */
  readonly page: string
  /** The second part, decoded. */
  readonly id: string | undefined
  readonly query: URLSearchParams
  /** Without `#`; it is not sent to the server. */
  readonly fragment: string
}

const BASE = '/console'

/** @example placeOf('/console/orders/A%2F1', '?tab=2') has the page `orders` and the id `A/1`. */
export function placeOf(pathname: string, search: string, hash = ''): Place {
  const [page = '', id] = pathname
    .slice(BASE.length)
    .split('/')
    .filter((part) => part !== '')
  return {
    page,
    id: id === undefined ? undefined : decode(id),
    query: new URLSearchParams(search),
    fragment: hash.slice(1),
  }
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

export function hrefOf(page: string, id?: string, query: Readonly<Record<string, string>> = {}): string {
  const parameters = new URLSearchParams(query).toString()
  const place = [BASE, page, id].filter((part): part is string => part !== undefined && part !== '')
  const pathname = place.map((part, index) => (index === 0 ? part : encodeURIComponent(part))).join('/')
  return parameters === '' ? pathname : `${pathname}?${parameters}`
}

const address = signal({ pathname: '/console', search: '', hash: '' })
export const place = computed(() => placeOf(address.value.pathname, address.value.search, address.value.hash))

const readAddress = (): void => {
  address.value = { pathname: location.pathname, search: location.search, hash: location.hash }
}

/** Follows the page's own links without loading the page again. */
export function startRouter(): void {
  readAddress()
  addEventListener('popstate', readAddress)
  addEventListener('hashchange', readAddress)
  document.addEventListener('click', (event) => {
    const link = (event.target as Element | null)?.closest('a')
    const isPlain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey
    if (!link || !isPlain || link.target !== '' || link.hasAttribute('download')) return
    const url = new URL(link.href)
    if (url.origin !== location.origin || !`${url.pathname}/`.startsWith(`${BASE}/`)) return
    event.preventDefault()
    goTo(url.pathname + url.search)
  })
}

/** @param isReplaced the present address does not stay in the history, such as one with a one-time link. */
export function goTo(href: string, isReplaced = false): void {
  if (href === location.pathname + location.search + location.hash) return
  if (isReplaced) history.replaceState(undefined, '', href)
  else history.pushState(undefined, '', href)
  readAddress()
  scrollTo(0, 0)
}

/** Changes the query without an entry in the history, such as for a filter. */
export function replaceQuery(query: Readonly<Record<string, string>>): void {
  const text = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== '')).toString()
  history.replaceState(undefined, '', location.pathname + (text === '' ? '' : `?${text}`))
  readAddress()
}
