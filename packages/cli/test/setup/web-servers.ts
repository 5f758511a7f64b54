import { eventually, provideProgram } from '@paxyo/testkit'
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'

export type WebServer = 'nginx' | 'apache' | 'caddy'

interface Launch {
  readonly program: string
  /** The frame around a written file that a distribution has. */
  readonly main: string
  readonly validate: readonly string[]
  readonly run: readonly string[]
}

const APACHE_MODULES = [
  ['mpm_event', 'mod_mpm_event'],
  ['authz_core', 'mod_authz_core'],
  ['log_config', 'mod_log_config'],
  ['alias', 'mod_alias'],
  ['setenvif', 'mod_setenvif'],
  ['headers', 'mod_headers'],
  ['reqtimeout', 'mod_reqtimeout'],
  ['ssl', 'mod_ssl'],
  ['proxy', 'mod_proxy'],
  ['proxy_http', 'mod_proxy_http'],
]
  // Some are built in.
  .map(
    ([name, file]) =>
      `<IfModule !${file}.c>\n  LoadModule ${name}_module /usr/lib/apache2/modules/${file}.so\n</IfModule>`,
  )
  .join('\n')

function launchOf(server: WebServer, folder: string, file: string, port: number): Launch {
  const config = join(folder, 'main.conf')
  switch (server) {
    case 'nginx':
      return {
        program: provideProgram(['nginx'], 'nginx-light'),
        main: `daemon off; pid ${folder}/pid; error_log ${folder}/error.log; events {}
http { access_log ${folder}/access.log; client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s; include ${file}; }`,
        validate: ['-t', '-e', `${folder}/error.log`, '-c', config],
        run: ['-e', `${folder}/error.log`, '-c', config],
      }
    case 'apache':
      return {
        program: provideProgram(['apache2'], 'apache2'),
        main: `ServerName localhost\nUser www-data\nGroup www-data\nPidFile ${folder}/pid\nListen ${port}\nErrorLog ${folder}/error.log
DefaultRuntimeDir ${folder}\n${APACHE_MODULES}
LogFormat "%h %l %u %t \\"%r\\" %>s %O" combined\nDocumentRoot ${folder}\nInclude ${file}`,
        validate: ['-t', '-f', config],
        run: ['-DFOREGROUND', '-f', config],
      }
    case 'caddy':
      return {
        program: provideProgram(['caddy'], 'caddy'),
        main: `{\n\tadmin off\n\tauto_https disable_redirects\n\tstorage file_system ${folder}/caddy\n}\nimport ${file}\n`,
        validate: ['validate', '--adapter', 'caddyfile', '--config', config],
        run: ['run', '--adapter', 'caddyfile', '--config', config],
      }
  }
}

/** Validates a written configuration with the real server, and runs it. */
export async function startWebServer(
  server: WebServer,
  folder: string,
  file: string,
  port: number,
): Promise<AsyncDisposable> {
  mkdirSync(folder)
  const { program, main, validate, run } = launchOf(server, folder, file, port)
  writeFileSync(join(folder, 'main.conf'), main)
  const env = { PATH: process.env['PATH'], HOME: folder, APACHE_LOG_DIR: folder }
  const { status, stdout, stderr } = spawnSync(program, validate, { env, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${server} rejects ${file}:\n${stdout}${stderr}`)

  // Also a log: Caddy has no other one.
  const outputPath = join(folder, 'output.log')
  const output = openSync(outputPath, 'w')
  const child = spawn(program, run, { env, stdio: ['ignore', output, output] })
  closeSync(output)
  const exited = once(child, 'exit')
  await eventually(async () => {
    if (child.exitCode !== null) throw new Error(`${server} ended:\n${readFileSync(outputPath, 'utf8')}`)
    return canConnect(port)
  })
  return {
    async [Symbol.asyncDispose]() {
      child.kill('SIGTERM')
      await exited
    },
  }
}

function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
