import { connect } from '@paxyo/browser-client'
import { createFormat } from './format.ts'
import { bindPage } from './bind-page.ts'
import { createToastQueue } from './toast-queue.ts'
import { readSettings, type Settings } from './settings.ts'
import { fetchToken } from './token.ts'
import { createToasts } from './toasts.ts'
import { directionOf } from './messages.ts'

/** Different things that are said to the developer at most, and each of them once. */
const WARNINGS_MAX = 20

const said = new Set<string>()
function warn(message: string): void {
  if (said.has(message) || said.size >= WARNINGS_MAX) return
  said.add(message)
  console.error(`paxyo.js: ${message}`)
}

// While a classic script runs, the page knows which one it is; a module has to look.
const script = document.currentScript ?? document.querySelector('script[src][data-token-url]')
const started = Symbol.for('paxyo.js')

/** Whatever is wrong here, the page goes on without us. */
try {
  if (started in globalThis) warn('the script is on this page twice; the second one does nothing')
  else if (script instanceof HTMLScriptElement) {
    Object.assign(globalThis, { [started]: true })
    begin(script)
  } else warn('the script tag is not to be found: put it into the page as <script src="…/paxyo.js" data-token-url="…">')
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

function run({ url, token, position, hasToasts, language, messages }: Settings): void {
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
  bindPage({ page: document, client, format, messages, toastQueue, warn })
}
