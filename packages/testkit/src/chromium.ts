import type { Browser } from 'playwright-core'
import { findProgram, provideProgram } from './debian-package.ts'

const WITH_WINDOWS = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
/** The same engine without windows, which needs less than half of the CPU time. */
const HEADLESS = ['chromium-headless-shell', 'chrome-headless-shell']

/** The path of a Chromium with tabs and windows: `CHROMIUM_PATH`, or one on the PATH, or Debian's package. */
export function findChromium(): string {
  return process.env['CHROMIUM_PATH'] || provideProgram(WITH_WINDOWS, 'chromium')
}

/** The path of a Chromium for pages: its headless build, or else the one with windows. */
export function findHeadlessChromium(): string {
  return process.env['CHROMIUM_PATH'] || findProgram(...HEADLESS) || findChromium()
}

/** It draws without a graphics card, and connects only to the pages of a test. */
export const FLAGS: readonly string[] = [
  // Chromium's sandbox does not run as root, as tests in containers do.
  ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
  '--disable-gpu',
  '--disable-quic',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
]

/** The time limit of waits on a page; Playwright's 30 seconds are too short on a busy machine. */
const PAGE_TIMEOUT_MS = 90_000

/** In a process that runs files of tests: what jest-runtime.mjs gives to them. */
const JEST_GLOBALS = Symbol.for('paxyo.jest.globals')

let kept: { readonly browser: Browser; readonly end: () => Promise<void> } | undefined

/**
 * A headless browser that connects only to the pages of a test. Files of tests that run in the same process, one after the
 * other, get the same one, because its start takes as much CPU time as several pages: closing it closes its contexts, which
 * share nothing with the contexts of the next file.
 */
export async function launchChromium(): Promise<Browser> {
  if (!(JEST_GLOBALS in globalThis)) return startChromium()
  if (kept?.browser.isConnected() !== true) kept = keepOpen(await startChromium())
  return kept.browser
}

/** Ends the browser of this process. */
export async function endChromium(): Promise<void> {
  const ending = kept
  kept = undefined
  await ending?.end()
}

function keepOpen(browser: Browser): NonNullable<typeof kept> {
  // A worker of Jest that has run its last file stops listening to Jest, and ends when nothing keeps it open.
  process.on('removeListener', (event) => {
    if (event === 'message') void endChromium()
  })
  const end = browser.close.bind(browser)
  browser.close = async () => void (await Promise.all(browser.contexts().map((context) => context.close())))
  return { browser, end }
}

async function startChromium(): Promise<Browser> {
  // Loaded here: it takes longer than most test files, and only browser tests need it.
  const { chromium } = await import('playwright-core')
  const browser = await chromium.launch({
    executablePath: findHeadlessChromium(),
    args: [...FLAGS],
    timeout: PAGE_TIMEOUT_MS,
  })
  const newContext = browser.newContext.bind(browser)
  browser.newContext = async (options) => {
    const context = await newContext(options)
    context.setDefaultTimeout(PAGE_TIMEOUT_MS)
    return context
  }
  return browser
}
