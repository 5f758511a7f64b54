import { keptFolder } from '@paxyo/testkit'
import { execFile, execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { buildPackage, compileDeclarations, packPackage } from '../../publish/build-package.ts'
import { PUBLISHED, ROOT } from '../../publish/manifest.ts'

// A project of the tutorial's reader, outside of the workspace, into which npm installs the packed packages.

const run = promisify(execFile)
const TUTORIAL = readFileSync(new URL('../tutorials/react-app.md', import.meta.url), 'utf8')

const blockNamed = (name: string, text = TUTORIAL): string =>
  new RegExp(`^\`\`\`\\w+ ${name}\\n([^]*?)^\`\`\`$`, 'm').exec(text)![1]!

/** What the README's example of a store leaves to the application. */
const STORE_WORLD = `const getToken = () => process.env.TOKEN
const show = (state, account, orders) => {
  if (state !== 'live') return
  console.log(account.balance, account.mode, orders.map(({ orderId }) => orderId).join())
  unsubscribe()
}
`

/** What the template of the tutorial installs, with exact versions. */
const OTHERS = {
  '@types/node': '24.19.2',
  '@types/react': '19.3.3',
  '@types/react-dom': '19.3.0',
  '@vitejs/plugin-react': '6.3.0',
  react: '19.3.1',
  'react-dom': '19.3.1',
  vite: '8.3.8',
}

const INDEX_HTML =
  '<!doctype html><title>App</title><div id="root"></div><script type="module" src="/main.tsx"></script>'
const VITE_CONFIG = `import react from '@vitejs/plugin-react'
export default { plugins: [react()] }
`
/** The workspace's README of each package says how to use it. */
const readmeOf = (name: string): string => readFileSync(join(ROOT, 'packages', name, 'README.md'), 'utf8')

/** Packs the packages. @returns the paths of their archives. */
export async function packAll(folder: string): Promise<string[]> {
  compileDeclarations()
  const archives: string[] = []
  for (const name of PUBLISHED) {
    await buildPackage(name, join(folder, name))
    archives.push(packPackage(join(folder, name), folder))
  }
  return archives
}

/** Writes the project of the tutorial, with the gateway's URL, and installs it. */
export async function installProject(folder: string, archives: readonly string[], socketUrl: string): Promise<void> {
  cpSync(keepOthers(), folder, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true })
  const write = (file: string, text: string): void => writeFileSync(join(folder, file), text)
  const packed = Object.fromEntries(PUBLISHED.map((name, index) => [`@paxyo/${name}`, `file:${archives[index]!}`]))
  write('package.json', JSON.stringify({ type: 'module', private: true, dependencies: { ...packed, ...OTHERS } }))
  write('index.html', INDEX_HTML)
  write('vite.config.js', VITE_CONFIG)
  write('main.tsx', blockNamed('main.tsx').replace('wss://rt.example.com/ws', socketUrl))
  write('App.tsx', blockNamed('App.tsx'))
  write('orders.test.ts', blockNamed('orders.test.ts'))
  write(
    'panel.ts',
    /```js\n([^]*?)```/.exec(readmeOf('panel-client'))![1]!.replaceAll(/process\.env\.(\w+)/g, 'process.env.$1!'),
  )
  write('panel.js', /```js\n([^]*?)```/.exec(readmeOf('panel-client'))![1]!)
  write('test-client.mjs', blockNamed('test-client.mjs', readmeOf('browser-client')))
  const store = blockNamed('store.mjs', readmeOf('browser-client')).replace('wss://rt.example.com/ws', socketUrl)
  write('store.mjs', `${STORE_WORLD}${store}`)
  await run('npm', INSTALL, { cwd: folder, shell: NEEDS_SHELL })
}

const INSTALL = ['install', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error']
/** npm is npm.cmd there, which only a shell starts. */
const NEEDS_SHELL = process.platform === 'win32'

/** The packages of others, with their lockfile. They are the same in each run; ours are not. */
function keepOthers(): string {
  const manifest = JSON.stringify({ private: true, dependencies: OTHERS })
  const hash = createHash('sha256').update(manifest).digest('hex').slice(0, 12)
  return keptFolder(`npm-${hash}`, (folder) => {
    writeFileSync(join(folder, 'package.json'), manifest)
    execFileSync('npm', INSTALL, { cwd: folder, shell: NEEDS_SHELL })
  })
}

/** Checks the types of the project. @returns the compiler's output, which is empty. Imports have no extension with `bundler`, and need one with `node16`. */
export async function checkTypes(folder: string, moduleResolution: 'bundler' | 'node16'): Promise<string> {
  const config = {
    compilerOptions: {
      module: moduleResolution === 'bundler' ? 'esnext' : 'node16',
      moduleResolution,
      target: 'es2022',
      lib: ['es2023', 'dom'],
      jsx: 'react-jsx',
      types: ['node'],
      strict: true,
      noEmit: true,
      // Declarations are checked, too.
      skipLibCheck: false,
    },
    files: ['App.tsx', 'orders.test.ts', 'panel.ts', ...(moduleResolution === 'bundler' ? ['main.tsx'] : [])],
  }
  const file = join(folder, `tsconfig.${moduleResolution}.json`)
  writeFileSync(file, JSON.stringify(config))
  return runNode(folder, [join(ROOT, 'node_modules/typescript/lib/tsc.js'), '-p', file])
}

/** @throws with the output, when the program fails. */
export async function runNode(folder: string, args: readonly string[], env: object = {}): Promise<string> {
  try {
    return (await run(process.execPath, args, { cwd: folder, env: { ...process.env, ...env } })).stdout
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string }
    throw new Error(`${stdout}${stderr}`, { cause: error })
  }
}

/** With React for development, whose StrictMode mounts every component twice. */
export const buildWithVite = (folder: string): Promise<string> =>
  runNode(folder, [join(folder, 'node_modules/vite/bin/vite.js'), 'build', '--logLevel', 'warn'], {
    NODE_ENV: 'development',
  })
