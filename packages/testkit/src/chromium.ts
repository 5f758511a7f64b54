import { chromium, type Browser } from 'playwright-core'
import { provideProgram } from './debian-package.ts'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']

/** The path of a Chromium: `CHROMIUM_PATH`, or what the PATH leads to, or Debian's package. */
export function findChromium(): string {
  return process.env['CHROMIUM_PATH'] || provideProgram(NAMES, 'chromium')
}

/** A headless browser that talks to nobody but the pages of a test. */
export function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: findChromium(),
    args: [
      // Chromium's sandbox refuses to run as root, which tests in containers are.
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
      '--disable-gpu',
      '--disable-quic',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--no-first-run',
    ],
  })
}
