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

/** The time limit of waits on a page; Playwright's 30 seconds are too short on a busy machine. */
const PAGE_TIMEOUT_MS = 90_000

/** A headless browser that connects only to the pages of a test. */
export async function launchChromium(): Promise<Browser> {
  // Loaded here: it takes longer than most test files, and only browser tests need it.
  const { chromium } = await import('playwright-core')
  const browser = await chromium.launch({
    executablePath: findHeadlessChromium(),
    args: [
      // Chromium's sandbox does not run as root, as tests in containers do.
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      '--disable-gpu',
      '--disable-quic',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
    ],
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
