import type { FastifyInstance } from 'fastify'
import { readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'

export interface DemoPanelOptions {
  /** Mints a browser token for the demo's user. */
  readonly mintToken: () => Promise<string>
  /** The gateway's address, such as `wss://rt.example.com/ws`, when it is not where the page comes from. */
  readonly socketUrl?: string
}

const PAGE = new URL('../page/', import.meta.url)
const SCRIPTS = ['panel.ts', 'stream.ts', 'view.ts']

/** Everything comes from here, but for the socket, and nothing is inline. */
const contentSecurityPolicy = (socketUrl = ''): string =>
  `default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self' ${socketUrl}`.trimEnd()

/**
 * Serves the demo page and the token it uses. The browser gets the page's TypeScript with its types stripped, so there
 * is no build. The token is everybody's who can reach the page: for demonstration only.
 */
export function registerDemoPanel(app: FastifyInstance, { mintToken, socketUrl }: DemoPanelOptions): void {
  const files: [path: string, type: string, content: string][] = [
    ['/', 'text/html', read('index.html')],
    ['/panel.css', 'text/css', read('panel.css')],
    ...SCRIPTS.map((name): [string, string, string] => [
      `/${name}`,
      'text/javascript',
      stripTypeScriptTypes(read(name)),
    ]),
  ]
  for (const [path, type, content] of files) {
    app.get(path, (_request, reply) =>
      reply
        .type(`${type}; charset=utf-8`)
        .headers({
          'content-security-policy': contentSecurityPolicy(socketUrl),
          'x-content-type-options': 'nosniff',
          'cache-control': 'no-cache',
        })
        .send(content),
    )
  }
  app.get('/demo/token', async (_request, reply) =>
    reply.header('cache-control', 'no-store').send({ token: await mintToken(), socketUrl }),
  )
}

function read(name: string): string {
  return readFileSync(new URL(name, PAGE), 'utf8')
}
