import { NETWORK_ERROR, type Link, type LinkEnd, type LinkHandlers } from './link.ts'
import { readProblem } from './why.ts'

/** What was learned of the network, for the links that follow. */
export interface StreamNetwork {
  /** A proxy keeps less than a block of a response back, so that the server must fill it up. */
  needsPadding: boolean
}

/** A gateway sends `welcome` sooner, so something keeps it back. */
const WELCOME_TIMEOUT_MS = 3_000
const DATA = 'data: '
const CLOSE = 'event: close\n'

/** The URL of streams: `/stream` beside `/ws`. */
export function toStreamUrl(socketUrl: string): string {
  const url = new URL('stream', socketUrl.replace(/^ws/, 'http'))
  url.search = new URL(socketUrl).search
  return url.href
}

/**
 * The response to an HTTP request, where the network blocks WebSockets. The body is `hello`, and what the client has to say
 * after it. It cannot send anything later: it opens another link instead (`links.ts`).
 */
export function openStreamLink(url: string, handlers: LinkHandlers, network: StreamNetwork): Link {
  let isClosed = false
  let request = new AbortController()
  let timer: ReturnType<typeof setTimeout> | undefined

  function end(how: LinkEnd): void {
    if (isClosed) return
    close()
    handlers.onEnd(how)
  }

  function close(): void {
    isClosed = true
    clearTimeout(timer)
    request.abort()
  }

  async function open(body: string): Promise<void> {
    const current = (request = new AbortController())
    if (!network.needsPadding) {
      timer = setTimeout(() => {
        network.needsPadding = true
        current.abort()
        void open(body)
      }, WELCOME_TIMEOUT_MS)
    }
    try {
      const how = await readStream(withPadding(url, network), body, current.signal, (data) => {
        clearTimeout(timer)
        if (!isClosed) handlers.onMessage(data)
      })
      if (request === current) end(how)
    } catch {
      if (request === current) end(NETWORK_ERROR)
    }
  }

  queueMicrotask(() => !isClosed && handlers.onOpen())
  return {
    kind: 'stream',
    send(...messages) {
      if (messages[0]?.type === 'hello') void open(messages.map((message) => JSON.stringify(message)).join('\n'))
    },
    close,
  }
}

function withPadding(url: string, { needsPadding }: StreamNetwork): string {
  return needsPadding ? `${url}${url.includes('?') ? '&' : '?'}padding=on` : url
}

/** @throws after a network error. */
async function readStream(
  url: string,
  body: string,
  signal: AbortSignal,
  onData: (data: string) => void,
): Promise<LinkEnd> {
  // A body of text needs no preflight.
  const response = await fetch(url, { method: 'POST', body, credentials: 'omit', cache: 'no-store', signal })
  if (!response.ok) return { ...NETWORK_ERROR, why: await readProblem(response) }
  const reader = response.body!.getReader()
  const decoder = new TextDecoder()
  let rest = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return NETWORK_ERROR
    const parts = (rest + decoder.decode(value, { stream: true })).split('\n\n')
    rest = parts.pop()!
    for (const part of parts) {
      if (part.startsWith(DATA)) onData(part.slice(DATA.length))
      else if (part.startsWith(CLOSE)) return JSON.parse(part.slice(CLOSE.length + DATA.length)) as LinkEnd
    }
  }
}
