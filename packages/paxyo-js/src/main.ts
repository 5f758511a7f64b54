import { connect } from '@paxyo/browser-client'
import { createFormat, directionOf } from '@paxyo/browser-client/format'
import { bindPage } from './bind-page.ts'
import { createToastQueue } from './toast-queue.ts'
import { readSettings, type Settings } from './settings.ts'
import { fetchToken } from './token.ts'
import { createToasts } from './toasts.ts'

/** How many different warnings are logged; each is logged once. */
const WARNINGS_MAX = 20

const warned = new Set<string>()
function warn(message: string): void {
  if (warned.has(message) || warned.size >= WARNINGS_MAX) return
  warned.add(message)
  console.error(`paxyo.js: ${message}`)
}

// `currentScript` is set while a classic script runs; a module has to find its tag.
const script = document.currentScript ?? document.querySelector('script[src][data-token-url]')
const started = Symbol.for('paxyo.js')

// An error here must not affect the page.
try {
  if (started in globalThis) warn('the script is on this page twice; the second one does nothing')
  else if (script instanceof HTMLScriptElement) {
    Object.assign(globalThis, { [started]: true })
    begin(script)
  } else warn('the script tag was not found: add it to the page as <script src="…/paxyo.js" data-token-url="…">')
} catch (error) {
  warn(String(error))
}

function begin({ src, dataset }: HTMLScriptElement): void {
  const languages = [document.documentElement.lang, ...navigator.languages]
  const { settings, problems } = readSettings({ src, data: dataset }, { url: document.baseURI, languages })
  if (problems.length > 0) warn(`${problems.join('; ')}.`)
  if (settings === undefined) return
  if (document.readyState === 'loading') document.addEventListener('DOMContentLoaded', () => run(settings))
  else run(settings)
}

function run({ url, token, position, hasToasts, balanceUrl, language, messages }: Settings): void {
  const format = createFormat(language, messages)
  const client = connect({
    url,
    getToken: (request) => fetchToken(token, request),
    ...(position === undefined ? {} : { position }),
  })
  const toastQueue = hasToasts
    ? createToastQueue({
        toasts: createToasts(document, language, messages),
        writer: { messages, format, direction: directionOf(language) },
      })
    : undefined
  bindPage({ page: document, client, format, toastQueue, balanceUrl, warn })
}
