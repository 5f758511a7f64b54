import { afterAll, beforeAll, expect, test } from '@jest/globals'
import {
  createTestDatabase,
  eventually,
  freePort,
  launchChromium,
  mintToken,
  sharedRedisUrl,
  TEST_JWT_SECRET,
} from '@paxyo/testkit'
import { build } from 'esbuild'
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { randomUUID } from 'node:crypto'

// Runs the commands of the README and of the first tutorial; it inserts only addresses and the parts that they omit (…).

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const README = ['README.md', 'infra/docs/tutorials/first-steps.md']
  .map((path) => readFileSync(join(ROOT, path), 'utf8'))
  .join('\n')
const SDK = join(ROOT, 'packages/browser-client/src/index.ts')
const run = promisify(execFile)

const blocks = (language: string): string[] =>
  [...README.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, 'gm'))].map((match) => match[1]!)
const blockWith = (language: string, text: string): string => {
  const found = blocks(language).filter((block) => block.includes(text))
  if (found.length !== 1) throw new Error(`${found.length} ${language} blocks of the README contain ${text}`)
  return found[0]!
}

let dataDir: string
let port: number
let standalone: ChildProcess
let output = ''
const line = (name: string): string => new RegExp(`^${name}: (.*)$`, 'm').exec(output)![1]!

beforeAll(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'paxyo-readme-'))
  port = await freePort()
  const env = { ...process.env, DATA_DIR: dataDir, PORT: String(port), DATABASE_URL: '', REDIS_URL: '' }
  standalone = spawn('sh', ['-c', `exec ${blockWith('sh', 'npm start').trim()}`], {
    cwd: ROOT,
    env: { ...env, JWT_SECRETS: TEST_JWT_SECRET },
  })
  standalone.stdout!.on('data', (chunk: Buffer) => (output += chunk.toString()))
  await eventually(() => /^panel key: /m.test(output))
})
afterAll(async () => {
  const exited = once(standalone, 'exit')
  standalone.kill('SIGTERM')
  await exited
  // npm exits at once; its child process ends a moment later.
  await eventually(() =>
    fetch(`http://localhost:${port}/livez`).then(
      () => false,
      () => true,
    ),
  )
  rmSync(dataDir, { recursive: true, force: true })
})

async function runInShell(block: string, env: Record<string, string>): Promise<string> {
  const command = block.replaceAll('http://localhost:8080', `http://localhost:${port}`)
  const { stdout } = await run('sh', ['-ec', command], { cwd: ROOT, env: { ...process.env, ...env } })
  return stdout
}

test('npm start prints the four lines', () => {
  expect(line('page')).toBe(`http://localhost:${port}/`)
  expect(line('try')).toMatch(/^curl -X POST http:\/\/localhost:\d+\/webhooks\/godofpanel\/\S+ -H "Content-Type/)
})

test('the order is registered, and the webhook answers what the README says', async () => {
  const registered = await runInShell(blockWith('sh', '/v1/orders'), { PANEL_KEY: line('panel key') })
  expect(JSON.parse(registered)).toMatchObject({ order: { orderId: 'A-1', status: 'pending' } })

  const webhook = blockWith('sh', '/webhooks/godofpanel/$WEBHOOK_TOKEN')
  const response = await runInShell(webhook, { WEBHOOK_TOKEN: line('webhook token') })
  expect(JSON.parse(response)).toEqual(JSON.parse(blockWith('json', '"results"')))
})

test('the script tag and the client do what the README says, in a browser', async () => {
  const [tag] = blocks('html').map((html) => html.replace('https://rt.example.com', `http://localhost:${port}`))
  const client = blockWith('js', 'connect({').replace('wss://rt.example.com', `ws://localhost:${port}`)
  const token = await mintToken('demo')
  // A panel's page, on the origin that the demo allows.
  const page = `<!doctype html>${tag!.replaceAll('A-1', 'demo-24')}<script type="module">
    import { connect } from '/browser-client.js'
    const token = ${JSON.stringify(token)}
    const [show, update] = ['shown', 'updated'].map((name) => (...args) => (window[name] = args))
    ${client}</script>`
  const { outputFiles } = await build({ entryPoints: [SDK], bundle: true, format: 'esm', write: false })
  const sdk = outputFiles[0]!.text
  const browser = await launchChromium()
  try {
    const tab = await browser.newPage()
    await tab.route('**/token.php', (route) => route.fulfill({ body: token }))
    await tab.route('**/browser-client.js', (route) => route.fulfill({ contentType: 'text/javascript', body: sdk }))
    await tab.goto(`http://localhost:${port}/livez`)
    await tab.setContent(page)
    await tab.waitForFunction('window.shown')
    await runInShell(line('try'), {})
    await tab.waitForFunction('window.updated')
    expect(await tab.evaluate('window.updated')).toMatchObject([
      { status: 'canceled' },
      { amount: '2.5' },
      { currency: 'USD' },
    ])
    await tab.waitForSelector('[data-field="status"] >> text=Canceled')
  } finally {
    await browser.close()
  }
})

test('the services run by themselves', async () => {
  await using database = await createTestDatabase()
  const lines = blockWith('sh', 'npm run migrate').trim().split('\n')
  const printed: string[] = []
  const exits: unknown[] = []
  const env = {
    DATABASE_URL: database.url,
    REDIS_URL: sharedRedisUrl(),
    CHANNEL_PREFIX: `${randomUUID()}:`,
    JWT_SECRETS: TEST_JWT_SECRET,
    PORT: '0',
    HOST: '127.0.0.1',
  }
  for (const given of lines) {
    const command = given.replace(/DATABASE_URL=\S+/, '')
    if (command.includes('npm run')) {
      printed.push(await runInShell(command, env))
      continue
    }
    const service = spawn('sh', ['-c', `exec ${command}`], { cwd: ROOT, env: { ...process.env, ...env } })
    let log = ''
    service.stdout.on('data', (chunk: Buffer) => (log += chunk.toString()))
    await eventually(() => log.includes('"listening"'))
    const exited = once(service, 'exit')
    service.kill('SIGTERM')
    exits.push(await exited)
  }
  expect(exits).toEqual([
    [0, null],
    [0, null],
  ])
  expect(printed[0]).toContain('up to date')
  expect(printed[1]).toContain('Partitions created')
})

test('every other command of the README is one that is run', () => {
  const commands = blocks('sh').flatMap((block) => block.match(/^(?:npm|node_modules|curl|DATABASE_URL)\b.*$/gm) ?? [])
  expect(commands.map((command) => command.split('#')[0]!.trim().slice(0, 40))).toHaveLength(8)
  expect(README).toContain('```sh\nnpm test\n```')
})
