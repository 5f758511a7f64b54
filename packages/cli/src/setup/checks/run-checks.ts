import { failed, ok, skipped, type Diagnostic } from '@paxyo/database/diagnostic'
import { publicUrl } from '@paxyo/web-server'
import { checkSecrets, checkService } from './check-files.ts'
import { checkDns, checkTls } from './check-network.ts'
import { checkSocket } from './check-socket.ts'
import { checkStream } from './check-stream.ts'
import { checkPanelRoutes } from './check-panel-routes.ts'
import { checkWebhook } from './check-webhook.ts'
import { reasonOf, requestPublic } from './public-request.ts'
import type { CheckSubject } from './subject.ts'

/** Every check, in the order in which they depend on each other; a failure is a diagnostic. */
export async function runChecks(subject: CheckSubject, envPath: string): Promise<Diagnostic[]> {
  const first = [await checkSecrets(envPath, subject), await checkService(subject), await checkDns(subject)]
  const balance = subject.choices.balance === 'kept' ? [] : ['balance-route']
  const rest = ['script', 'wss', 'origin', 'token', 'stream', 'token-route', ...balance, 'webhook', 'end-to-end']
  const skipRest = (reason: string): Diagnostic[] => rest.map((check) => skipped(check, reason))
  if (first[2]!.status === 'failed') {
    return [...first, skipped('tls', 'the name has no address'), ...skipRest('the name has no address')]
  }
  const tls = await checkTls(subject)
  if (tls.status === 'failed') return [...first, tls, ...skipRest('there is no TLS')]

  const script = await checkScript(subject)
  const { diagnostics, socket } = await checkSocket(subject)
  try {
    const stream = await checkStream(subject)
    const webhook = await checkWebhook(subject, socket)
    return [...first, tls, script, ...diagnostics, stream, ...(await checkPanelRoutes(subject)), ...webhook]
  } finally {
    socket?.close()
  }
}

async function checkScript({ choices, ca }: CheckSubject): Promise<Diagnostic> {
  const url = new URL('/paxyo.js', publicUrl(choices))
  const hint = 'Install the written configuration of the web server, and reload it.'
  try {
    const { status, headers } = await requestPublic(url, { ca })
    return status === 200 && String(headers['content-type']).includes('javascript')
      ? ok('script', `${url.href} is served`)
      : failed('script', `${url.href} responds ${status}`, hint)
  } catch (error) {
    return failed('script', `${url.href}: ${reasonOf(error)}`, hint)
  }
}
