import { failed, ok, skipped, type Diagnostic } from '@paxyo/database/diagnostic'
import { publicUrl } from '@paxyo/web-server'
import { signCheckToken } from './check-token.ts'
import { openPageSocket, UpgradeRejected, type PageSocket } from './page-socket.ts'
import { reasonOf } from './public-request.ts'
import type { CheckSubject } from './subject.ts'

const FOREIGN_ORIGIN = 'https://not-allowed.invalid'

export interface SocketChecks {
  readonly diagnostics: readonly Diagnostic[]
  /** Signed in as the user of the checks; undefined when a check failed. */
  readonly socket: PageSocket | undefined
}

/** wss through the web server, the Origin, and the token. */
export async function checkSocket(subject: CheckSubject): Promise<SocketChecks> {
  const { choices, ca } = subject
  const url = `${publicUrl(choices).replace(/^http/, 'ws')}/ws`
  let socket: PageSocket
  try {
    socket = await openPageSocket(url, choices.panelOrigin, ca)
  } catch (error) {
    const rest = ['origin', 'token'].map((check) => skipped(check, 'there is no connection'))
    return { diagnostics: [describeFailure(url, choices.panelOrigin, error), ...rest], socket: undefined }
  }
  const token = await checkToken(subject, socket)
  const isSignedIn = token.status === 'ok'
  if (!isSignedIn) socket.close()
  return {
    diagnostics: [ok('wss', `${url} accepts a page of ${choices.panelOrigin}`), await checkOrigin(url, ca), token],
    socket: isSignedIn ? socket : undefined,
  }
}

function describeFailure(url: string, origin: string, error: unknown): Diagnostic {
  if (!(error instanceof UpgradeRejected)) {
    return failed(
      'wss',
      `${url}: ${reasonOf(error)}`,
      'Install the written configuration of the web server, and reload it.',
    )
  }
  const { status } = error
  if (status === 403) {
    return failed('wss', `Paxyo rejects pages of ${origin}`, `Set ALLOWED_ORIGINS=${origin}, and restart it.`)
  }
  const hint =
    status === 502 || status === 503 || status === 504
      ? 'The web server does not reach Paxyo: compare its port with PORT, and start Paxyo.'
      : 'The web server does not forward WebSockets to /ws: install the written configuration, and reload it.'
  return failed('wss', `${url} responds ${status} instead of a WebSocket`, hint)
}

async function checkOrigin(url: string, ca: string | undefined): Promise<Diagnostic> {
  try {
    const socket = await openPageSocket(url, FOREIGN_ORIGIN, ca)
    socket.close()
    return failed(
      'origin',
      'pages of every origin are accepted',
      'Set ALLOWED_ORIGINS to the origin of the panel only.',
    )
  } catch (error) {
    return error instanceof UpgradeRejected && error.status === 403
      ? ok('origin', 'pages of other origins are rejected')
      : failed('origin', `another origin gets ${reasonOf(error)} instead of 403`, 'Retry; then check the log of Paxyo.')
  }
}

/** Signs in with a token as the panel's. */
async function checkToken({ secrets }: CheckSubject, socket: PageSocket): Promise<Diagnostic> {
  socket.send({ type: 'hello', token: await signCheckToken(secrets.jwtSecret) })
  try {
    await socket.next('welcome')
    return ok('token', 'a token of the panel signs in')
  } catch (error) {
    const hint =
      'Paxyo must run with the JWT_SECRETS of this .env (and JWT_AUDIENCE unset), and the clocks must agree: timedatectl.'
    return failed('token', `a token is rejected: ${reasonOf(error)}`, hint)
  }
}
