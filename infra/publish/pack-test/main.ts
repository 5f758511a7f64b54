/**
 * Installs the packed packages with each package manager into fresh projects, checks their types, builds them, and runs them
 * in a browser and in Node against a gateway: `npm run pack-test`. It needs the npm registry and takes some minutes. Arguments
 * choose package managers and projects: `npm run pack-test -- yarn next`.
 */
import { createHttpServer, createLogger, listen } from '@paxyo/service-kit'
import { eventually, freePort, launchChromium, type Browser } from '@paxyo/testkit'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createPanelClient, type PanelClient } from '@paxyo/panel-client'
import { buildPackage, compileDeclarations, packPackage } from '../build-package.ts'
import { PUBLISHED, ROOT } from '../manifest.ts'
import { MANAGERS, runIn, type Manager } from './managers.ts'
import { PROJECTS, type Project } from './projects.ts'

const NODE_VERSIONS = ['20', '22', '24']
const CONTENT_TYPES: Readonly<Record<string, string>> = { html: 'text/html', js: 'text/javascript' }

const wanted = new Set(process.argv.slice(2))
const chosen = <Item extends { readonly name: string }>(items: readonly Item[]): readonly Item[] =>
  items.some(({ name }) => wanted.has(name)) ? items.filter(({ name }) => wanted.has(name)) : items

interface Stage {
  readonly folder: string
  readonly archives: readonly string[]
  readonly url: string
  readonly key: string
  readonly webhookUrl: string
  readonly panel: PanelClient
  readonly browser: Browser
}

/** A standalone with an embedded database; returns what it prints at the start. */
async function startStandalone(folder: string, resources: AsyncDisposableStack): Promise<Record<string, string>> {
  const port = await freePort()
  const env = { DATA_DIR: join(folder, 'data'), PORT: `${port}`, DATABASE_URL: '', REDIS_URL: '', ALLOWED_ORIGINS: '*' }
  const child = spawn(process.execPath, [join(ROOT, 'services/standalone/src/main.ts')], {
    env: { ...process.env, ...env },
  })
  resources.defer(() => end(child))
  let output = ''
  child.stdout.on('data', (text: Buffer) => (output += text.toString()))
  await eventually(() => /^panel key: /m.test(output))
  const lines = [...output.matchAll(/^(webhook token|panel key): (.*)$/gm)].map(([, name, value]) => [name!, value!])
  return { ...Object.fromEntries(lines), url: `http://localhost:${port}` }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return
  const exited = once(child, 'exit')
  child.kill('SIGTERM')
  await exited
}

function writeProject(folder: string, { files, dependencies }: Project, { archives, url }: Stage): void {
  const packed = Object.fromEntries(PUBLISHED.map((name, index) => [`@paxyo/${name}`, `file:${archives[index]!}`]))
  const manifest = {
    name: 'app',
    version: '1.0.0',
    type: 'module',
    private: true,
    dependencies: { ...packed, ...dependencies },
  }
  const socketUrl = `${url.replace(/^http/, 'ws')}/ws`
  for (const [path, text] of Object.entries({ 'package.json': JSON.stringify(manifest), ...files })) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text.replaceAll('SOCKET_URL', socketUrl))
  }
}

async function checkTypes(folder: string, { typed }: Project): Promise<void> {
  for (const moduleResolution of ['bundler', 'node16']) {
    const module = moduleResolution === 'bundler' ? 'esnext' : 'node16'
    const compilerOptions = {
      module,
      moduleResolution,
      target: 'es2022',
      lib: ['es2023', 'dom'],
      strict: true,
      noEmit: true,
    }
    const file = join(folder, `tsconfig.${moduleResolution}.json`)
    writeFileSync(file, JSON.stringify({ compilerOptions: { ...compilerOptions, types: [] }, files: typed }))
    await runIn(folder, process.execPath, [join(ROOT, 'node_modules/typescript/lib/tsc.js'), '-p', file])
  }
}

let orderCount = 0
async function registerOrder(stage: Stage, userId: string): Promise<() => Promise<unknown>> {
  orderCount += 1
  const providerOrderId = `${Date.now()}${orderCount}`
  // The hooks show a balance only if it is kept here.
  await stage.panel.accounts.open({ userId, currency: 'USD' })
  const deposit = { amount: '1', currency: 'USD' }
  await stage.panel.accounts.deposit(userId, deposit, { idempotencyKey: providerOrderId })
  await stage.panel.orders.register({
    orderId: `P-${providerOrderId}`,
    providerOrderId,
    userId,
    service: 'Followers',
    link: 'https://example.com',
    quantity: 1000,
    charge: '2.5',
    currency: 'USD',
  })
  return async () =>
    fetch(stage.webhookUrl, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ order_id: providerOrderId, status: 'Partial', remains: '300' }),
    })
}

const DONE = '|1.75|partial|1'

async function runInBrowser(pageUrl: string, stage: Stage, userId: string): Promise<void> {
  const refund = await registerOrder(stage, userId)
  const context = await stage.browser.newContext()
  const page = await context.newPage()
  const errors: string[] = []
  page.on('pageerror', (error) => errors.push(String(error)))
  const shows = async (text: string): Promise<boolean> => (await page.locator('main').innerText()) === text
  await page.goto(pageUrl)
  await eventually(() => shows('Live|1|pending|0'))
  await refund()
  await eventually(() => shows(`Live${DONE}`))
  await context.close()
  if (errors.length > 0) throw new Error(errors.join('\n'))
}

async function serveFiles(
  folder: string,
  stage: Stage,
  userId: string,
  resources: AsyncDisposableStack,
): Promise<string> {
  const app = createHttpServer({ log: createLogger('page', 'silent'), trustProxy: false })
  app.get('/realtime-token', async () => (await stage.panel.tokens.mint({ userId })).token)
  app.get('/*', (request, reply) => {
    const path = join(folder, request.url === '/' ? 'index.html' : request.url)
    if (!existsSync(path)) return reply.code(204).send()
    return reply.type(CONTENT_TYPES[/\w+$/.exec(path)![0]]!).send(readFileSync(path))
  })
  resources.defer(() => app.close())
  return listen(app, { host: '127.0.0.1', port: 0 })
}

async function runPage(folder: string, project: Project, stage: Stage, userId: string): Promise<void> {
  await using resources = new AsyncDisposableStack()
  if (project.pages !== undefined) {
    return await runInBrowser(await serveFiles(join(folder, project.pages), stage, userId, resources), stage, userId)
  }
  const port = await freePort()
  const env = { ...process.env, PANEL_URL: stage.url, PANEL_KEY: stage.key, USER: userId, NEXT_TELEMETRY_DISABLED: '1' }
  const child = spawn(process.execPath, project.serve!(port), { cwd: folder, env, stdio: 'ignore' })
  resources.defer(() => end(child))
  const pageUrl = `http://localhost:${port}/`
  await eventually(() => fetch(pageUrl).then(({ ok }) => ok))
  await runInBrowser(pageUrl, stage, userId)
}

/** Installs another version of Node, as the npm package that the package `node` downloads. */
async function provideNode(version: string, { folder }: Stage): Promise<string> {
  const place = join(folder, `node-${version}`)
  const platform = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`
  const program = join(place, 'node_modules', platform, 'bin/node')
  if (existsSync(program)) return program
  mkdirSync(place, { recursive: true })
  writeFileSync(join(place, 'package.json'), '{"private":true}')
  await runIn(place, 'npm', ['install', '--no-audit', '--no-fund', `${platform}@${version}`])
  return program
}

async function runInNode(folder: string, stage: Stage, version: string, userId: string): Promise<void> {
  const program = await provideNode(version, stage)
  const refund = await registerOrder(stage, userId)
  const env = { PANEL_URL: stage.url, PANEL_KEY: stage.key, USER: userId }
  const running = runIn(folder, program, ['main.js'], env)
  // It prints only what it receives while it is connected.
  await eventually(async () => (await stage.panel.users.connections(userId)).connections.length > 0)
  await refund()
  const output = await running
  if (output !== `live${DONE}\n`) throw new Error(`Node ${version} printed ${output}`)
}

async function tryProject(manager: Manager, project: Project, stage: Stage): Promise<void> {
  const folder = join(stage.folder, `${manager.name}-${project.name}`)
  const report = async (what: string, run: () => Promise<unknown>): Promise<void> => {
    const start = Date.now()
    await run()
    console.log(`ok  ${manager.name}  ${project.name}  ${what}  ${((Date.now() - start) / 1000).toFixed(1)} s`)
  }
  const userId = `${manager.name}-${project.name}`
  mkdirSync(folder)
  writeProject(folder, project, stage)
  await report('install', () => manager.install(folder))
  await report('types', () => checkTypes(folder, project))
  if (project.build === undefined) {
    for (const version of NODE_VERSIONS) {
      await report(`Node ${version}`, () => runInNode(folder, stage, version, `${userId}-${version}`))
    }
  } else {
    await report('build', () => project.build!(folder))
    await report('browser', () => runPage(folder, project, stage, userId))
  }
  rmSync(folder, { recursive: true, force: true })
}

await using resources = new AsyncDisposableStack()
const folder = mkdtempSync(join(tmpdir(), 'paxyo-pack-test-'))
resources.defer(() => rmSync(folder, { recursive: true, force: true }))
compileDeclarations()
const archives: string[] = []
for (const name of PUBLISHED) {
  await buildPackage(name, join(folder, name))
  archives.push(packPackage(join(folder, name), folder))
}
const { url = '', 'panel key': key = '', 'webhook token': token } = await startStandalone(folder, resources)
const browser = await launchChromium()
resources.defer(() => browser.close())
const panel = createPanelClient({ url, apiKey: key })
const stage: Stage = { folder, archives, url, key, webhookUrl: `${url}/webhooks/godofpanel/${token}`, panel, browser }

let failures = 0
for (const manager of chosen(MANAGERS)) {
  for (const project of chosen(PROJECTS)) {
    await tryProject(manager, project, stage).catch((error: unknown) => {
      failures += 1
      console.log(`FAILED  ${manager.name}  ${project.name}  ${String(error)}`)
    })
  }
}
console.log(failures === 0 ? 'all passed' : `${failures} failed`)
process.exitCode = failures === 0 ? 0 : 1
