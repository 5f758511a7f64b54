// Runs a command of PHP in a version that is compiled to WebAssembly, with the files of this machine:
// node php-wasm.ts <folder of npm packages> <version, such as 7.4> <arguments of php …>
import { readdirSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

interface Php {
  cli(args: readonly string[]): Promise<{
    readonly stdoutText: Promise<string>
    readonly stderrText: Promise<string>
    readonly exitCode: Promise<number>
  }>
  mkdir(path: string): void
  chdir(path: string): void
  mount(path: string, mounted: (php: Php, files: EmscriptenFiles, path: string) => () => void): Promise<unknown>
}
interface EmscriptenFiles {
  mount(type: unknown, options: { readonly root: string }, path: string): void
  unmount(path: string): void
  readonly filesystems: { readonly NODEFS: unknown }
}

interface Universal {
  readonly loadPHPRuntime: (loader: unknown, options: object) => Promise<number>
  readonly PHP: new (runtime: number) => Php
}
interface Build {
  readonly getPHPLoaderModule: () => Promise<unknown>
}

const [folder, version, ...args] = process.argv.slice(2)
const { resolve } = createRequire(join(folder!, 'package.json'))
const load = async (name: string): Promise<unknown> => import(pathToFileURL(resolve(name)).href)

const { loadPHPRuntime, PHP } = (await load('@php-wasm/universal')) as Universal
const { getPHPLoaderModule } = (await load(`@php-wasm/node-${version!.replace('.', '-')}`)) as Build
const php = new PHP(await loadPHPRuntime(await getPHPLoaderModule(), { emscriptenOptions: { processId: 1 } }))
const folders = readdirSync('/').filter((name) => !['dev', 'proc', 'sys', 'tmp', 'internal'].includes(name))
const mounts = folders.map((name) => `/${name}`).filter((path) => statSync(path).isDirectory())
// It has its own /tmp, in which the project may be.
if (process.cwd().startsWith('/tmp/')) mounts.push(process.cwd())
for (const mounted of mounts) {
  php.mkdir(mounted)
  await php.mount(mounted, (_php, files, path) => {
    files.mount(files.filesystems.NODEFS, { root: path }, path)
    return () => files.unmount(path)
  })
}
php.chdir(process.cwd())
const response = await php.cli(['php', ...args])
process.stdout.write(await response.stdoutText)
process.stderr.write(await response.stderrText)
process.exit(await response.exitCode)
