import { launchFirefox, launchWebKit, startRawChromium } from '@paxyo/testkit'
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

export type EngineName = 'chromium' | 'firefox' | 'webkit'
export const ENGINE_NAMES: readonly EngineName[] = ['chromium', 'firefox', 'webkit']

export interface EnginePage {
  evaluate<Value>(expression: string): Promise<Value>
}

/** A browser that can be put to sleep. */
export interface Engine extends AsyncDisposable {
  readonly name: EngineName
  readonly isAsleep: boolean
  /** Opens another window: pages in the background are throttled. */
  open(url: string): Promise<EnginePage>
  /** Stops all processes of the browser for a time, as a device that sleeps does. */
  sleep(ms: number): Promise<void>
}

interface Browser extends AsyncDisposable {
  readonly pid: number
  open(url: string, options: { readonly newWindow: boolean }): Promise<EnginePage>
}

const LAUNCH: Readonly<Record<EngineName, () => Promise<Browser>>> = {
  chromium: startRawChromium,
  firefox: () => launchFirefox(),
  webkit: launchWebKit,
}

export async function launchEngine(name: EngineName): Promise<Engine> {
  const browser = await LAUNCH[name]()
  let isAsleep = false
  return {
    name,
    get isAsleep() {
      return isAsleep
    },
    open: (url) => browser.open(url, { newWindow: true }),
    async sleep(ms) {
      isAsleep = true
      const pids = treeOf(browser.pid)
      for (const pid of pids) signal(pid, 'SIGSTOP')
      await sleep(ms)
      for (const pid of pids) signal(pid, 'SIGCONT')
      isAsleep = false
    },
    [Symbol.asyncDispose]: () => browser[Symbol.asyncDispose](),
  }
}

/** A process with its descendants. */
function treeOf(root: number): number[] {
  const children = new Map<number, number[]>()
  for (const name of readdirSync('/proc')) {
    const parent = parentOf(name)
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), Number(name)])
  }
  const tree = [root]
  for (const pid of tree) tree.push(...(children.get(pid) ?? []))
  return tree
}

function parentOf(name: string): number | undefined {
  if (!/^\d+$/.test(name)) return undefined
  try {
    return Number(/^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${name}/status`, 'utf8'))![1])
  } catch {
    return undefined
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // A process of the browser that has ended.
  }
}
