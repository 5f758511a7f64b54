import { fileURLToPath } from 'node:url'
import { join } from 'node:path'
import { runIn } from './managers.ts'

/** The projects' files, by their names; `SOCKET_URL` in them is the gateway's. */
export const PROJECT_FILES = fileURLToPath(new URL('projects', import.meta.url))

/** A fresh project that uses the packages. Its `types.ts` is checked by the compiler. */
export interface Project {
  readonly name: string
  readonly dependencies: Readonly<Record<string, string>>
  build?(folder: string): Promise<unknown>
  /** The built files that a page consists of; undefined when it has a server. */
  readonly pages?: string
  /** The arguments of Node that start its server. */
  serve?(port: number): readonly string[]
}

const REACT = { '@types/react': '19.3.3', react: '19.3.1', 'react-dom': '19.3.1' }

const viteBuild = (folder: string): Promise<string> =>
  runIn(folder, process.execPath, [join(folder, 'node_modules/vite/bin/vite.js'), 'build'])

export const PROJECTS: readonly Project[] = [
  { name: 'node', dependencies: { '@types/node': '24.19.2' } },
  {
    name: 'vite-react',
    dependencies: { ...REACT, '@vitejs/plugin-react': '6.3.0', vite: '8.3.8' },
    build: viteBuild,
    pages: 'dist',
  },
  {
    name: 'vite-vue',
    dependencies: { '@vitejs/plugin-vue': '6.0.11', vite: '8.3.8', vue: '3.5.45' },
    build: viteBuild,
    pages: 'dist',
  },
  {
    name: 'next',
    dependencies: { ...REACT, next: '16.4.6' },
    build: (folder) =>
      runIn(folder, process.execPath, [join(folder, 'node_modules/next/dist/bin/next'), 'build'], {
        NEXT_TELEMETRY_DISABLED: '1',
      }),
    serve: (port) => ['node_modules/next/dist/bin/next', 'start', '--port', `${port}`],
  },
]
