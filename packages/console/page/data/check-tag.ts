import type { ServerMessage } from '@paxyo/contracts'
import type { SocketResult, TagResult, TokenResult } from '../state/tag-checks.ts'

/** A page of a panel waits no longer before it reconnects. */
const TIMEOUT_MS = 5_000

/** Does what the tag does, in this browser: loads the script, opens the socket, gets a token, and signs in with it. */
export async function checkTag(gateway: URL, tokenUrl: URL): Promise<TagResult> {
  const [script, socket] = await Promise.all([checkScript(gateway), openSocket(gateway)])
  try {
    const token = tokenUrl.origin === location.origin ? await readToken(tokenUrl) : undefined
    const state = socket instanceof WebSocket ? 'open' : socket
    if (!(socket instanceof WebSocket) || token?.token === undefined) {
      return { script, socket: state, token: token?.result, rejection: undefined }
    }
    const rejection = await signIn(socket, token.token)
    return { script, socket: state, token: rejection === undefined ? 'accepted' : 'rejected', rejection }
  } finally {
    if (socket instanceof WebSocket) socket.close()
  }
}

async function checkScript(gateway: URL): Promise<TagResult['script']> {
  try {
    const response = await fetch(new URL('/paxyo.js', gateway), { cache: 'no-store', signal: timeout() })
    return response.ok && response.headers.get('content-type')?.includes('javascript') === true
      ? 'served'
      : 'notForwarded'
  } catch {
    return 'unreachable'
  }
}

const timeout = (): AbortSignal => AbortSignal.timeout(TIMEOUT_MS)

/** A browser does not say why a WebSocket failed; a plain request to the same address does. */
async function openSocket(gateway: URL): Promise<WebSocket | Exclude<SocketResult, 'open'>> {
  const url = new URL('/ws', gateway)
  url.protocol = url.protocol.replace(/^http/, 'ws')
  const socket = new WebSocket(url)
  const isOpen = await new Promise<boolean>((resolve) => {
    socket.addEventListener('open', () => resolve(true))
    socket.addEventListener('close', () => resolve(false))
    timeout().addEventListener('abort', () => resolve(false))
  })
  if (isOpen) return socket
  socket.close()
  return explainFailure(gateway)
}

async function explainFailure(gateway: URL): Promise<Exclude<SocketResult, 'open'>> {
  try {
    const response = await fetch(new URL('/ws', gateway), { cache: 'no-store', signal: timeout() })
    const { code } = (await response.json().catch(() => ({}))) as { code?: string }
    if (code === 'origin_not_allowed') return 'originNotAllowed'
    if (code === 'upgrade_required') return 'notUpgraded'
    return response.status >= 502 && response.status <= 504 ? 'down' : 'notForwarded'
  } catch {
    return 'unreachable'
  }
}

interface Token {
  readonly result: TokenResult
  readonly token?: string
}

/** The route responds with `{"token": …}` or a bare token. */
async function readToken(url: URL): Promise<Token> {
  try {
    const response = await fetch(url, { credentials: 'same-origin', cache: 'no-store', signal: timeout() })
    if (response.status === 401 || response.status === 403) return { result: 'signedOut' }
    if (!response.ok) return { result: 'noRoute' }
    const text = await response.text()
    const token = text.trim().startsWith('{') ? (JSON.parse(text) as { token?: unknown }).token : text.trim()
    // Three parts: what a route of another kind responds, such as an HTML page, is not sent on.
    const isToken = typeof token === 'string' && /^[\w-]+\.[\w-]+\.[\w-]+$/.test(token)
    return isToken ? { result: 'given', token } : { result: 'noToken' }
  } catch (error) {
    return { result: error instanceof SyntaxError ? 'noToken' : 'unreachable' }
  }
}

/** @returns why the gateway rejects the token; undefined when it accepts it. */
function signIn(socket: WebSocket, token: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    socket.addEventListener('message', ({ data }) => {
      const message = JSON.parse(data as string) as ServerMessage
      if (message.type === 'welcome') resolve(undefined)
      else if (message.type === 'error') resolve(message.message)
    })
    socket.addEventListener('close', ({ code, reason }) => resolve(`${code} ${reason}`.trim()))
    timeout().addEventListener('abort', () => resolve('–'))
    socket.send(JSON.stringify({ type: 'hello', token }))
  })
}
