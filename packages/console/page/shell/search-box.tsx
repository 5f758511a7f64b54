import { useEffect, useRef } from 'preact/hooks'
import { goTo, hrefOf, place, replaceQuery } from '../data/router.ts'
import { t } from '../kit/language.ts'
import { useKeys } from '../parts/keys.ts'
import { Icon } from '../parts/icons.tsx'

/** The search field of every page: `/` or ⌘K. Its text is the query of the search page. */
export const SearchBox = () => {
  const input = useRef<HTMLInputElement>(null)
  const query = place.value.page === 'search' ? (place.value.query.get('q') ?? '') : ''
  const focus = (): void => {
    input.current?.focus()
    input.current?.select()
  }
  useKeys({ '/': focus })
  useEffect(() => {
    function press(event: KeyboardEvent): void {
      if (event.key.toLowerCase() !== 'k' || !(event.metaKey || event.ctrlKey)) return
      event.preventDefault()
      focus()
    }
    document.addEventListener('keydown', press)
    return () => document.removeEventListener('keydown', press)
  }, [])
  return (
    <search class="search-box">
      <label class="visually-hidden" for="search">
        {t('search.label')}
      </label>
      <Icon name="search" />
      <input
        ref={input}
        id="search"
        type="search"
        placeholder={t('search.placeholder')}
        autocomplete="off"
        spellcheck={false}
        maxLength={200}
        aria-keyshortcuts="/ Control+K"
        value={query}
        onInput={(event) => {
          const text = event.currentTarget.value
          if (place.value.page === 'search') replaceQuery({ q: text })
          else goTo(hrefOf('search', undefined, { q: text }))
        }}
      />
      <kbd aria-hidden="true">/</kbd>
    </search>
  )
}
