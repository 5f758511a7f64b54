import { connectSocket, mintToken, type TestSocket } from '@paxyo/testkit'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'

/** Browsers that stay connected: one that is disconnected connects again. */
export interface Crowd extends AsyncDisposable {
  /** The gateways, undefined for one that does not run. A browser that is connected stays where it is. */
  urls: () => readonly (string | undefined)[]
}

const RETRY_MS = 500

/** @param count of browsers, each of another user; they are spread evenly over the gateways. */
export function startCrowd(count: number, urls: Crowd['urls']): Crowd {
  const open = new Set<TestSocket>()
  const end = new AbortController()

  async function stay(index: number): Promise<void> {
    // A browser that a gateway rejects tries the next one.
    for (let attempt = index; !end.signal.aborted;) {
      const all = crowd.urls()
      const url = all[attempt % all.length]
      try {
        if (url !== undefined) await connect(url, `crowd-${index}`)
      } catch (error) {
        if ((error as Error).message.startsWith('rejected')) attempt += 1
      }
      if (!end.signal.aborted) await sleep(RETRY_MS)
    }
  }

  async function connect(url: string, userId: string): Promise<void> {
    const client = await connectSocket(url, { token: await mintToken(userId) })
    open.add(client)
    const closed = once(client.socket, 'close')
    if (end.signal.aborted) client.close()
    await closed.finally(() => open.delete(client))
  }

  let browsers: Promise<void>[] = []
  const crowd: Crowd = {
    urls,
    async [Symbol.asyncDispose]() {
      end.abort()
      for (const client of open) client.close()
      await Promise.all(browsers)
    },
  }
  browsers = Array.from({ length: count }, (_, index) => stay(index))
  return crowd
}
