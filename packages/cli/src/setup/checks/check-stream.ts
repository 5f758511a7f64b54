import { request } from 'node:https'
import { failed, ok, type Diagnostic } from '@paxyo/database/diagnostic'
import { publicUrl } from '@paxyo/web-server'
import { signCheckToken } from './check-token.ts'
import { reasonOf, TIMEOUT_MS } from './public-request.ts'
import type { CheckSubject } from './subject.ts'

const RECEIVED_LENGTH_MAX = 1024 * 1024

/** The connection of a page whose network blocks WebSockets: `welcome` must arrive while the response is open. */
export async function checkStream(subject: CheckSubject): Promise<Diagnostic> {
  const url = new URL('/stream', publicUrl(subject.choices))
  const hint =
    'The web server must pass POST /stream on without buffering: install the written configuration, and reload it.'
  try {
    const { status, received } = await openStream(url, subject)
    if (status !== 200) return failed('stream', `${url.href} responds ${status} instead of an HTTP stream`, hint)
    return received.includes('"type":"welcome"')
      ? ok('stream', `${url.href} serves a page whose network blocks WebSockets`)
      : failed('stream', `${url.href} sends no welcome`, hint)
  } catch (error) {
    return failed('stream', `${url.href}: ${reasonOf(error)}`, hint)
  }
}

interface Opened {
  readonly status: number
  /** What arrived up to `welcome`, or up to the end of the response. */
  readonly received: string
}

/** Sends `hello`, and closes the stream after `welcome`. @throws the network's errors, and when nothing comes in time. */
async function openStream(url: URL, { choices, secrets, ca }: CheckSubject): Promise<Opened> {
  const hello = JSON.stringify({ type: 'hello', token: await signCheckToken(secrets.jwtSecret) })
  return new Promise((resolve, reject) => {
    const sent = request(
      url,
      {
        method: 'POST',
        headers: { origin: choices.panelOrigin, 'content-type': 'text/plain' },
        signal: AbortSignal.timeout(TIMEOUT_MS),
        agent: false,
        ...(ca === undefined ? {} : { ca }),
      },
      (response) => {
        const status = response.statusCode!
        let received = ''
        const finish = (): void => {
          resolve({ status, received })
          sent.destroy()
        }
        response.setEncoding('utf8')
        response.on('data', (chunk: string) => {
          received += chunk
          if (received.includes('"type":"welcome"') || received.length > RECEIVED_LENGTH_MAX) finish()
        })
        response.on('error', reject)
        response.on('end', finish)
      },
    )
    sent.on('error', reject)
    sent.end(hello)
  })
}
