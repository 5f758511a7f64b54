import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Failure } from './failure.ts'
import type { Environment } from './settings.ts'

/** The standalone's default. */
const PORT_DEFAULT = '8080'

/**
 * With a standalone, `DATA_DIR` is enough: its PostgreSQL uses another port after each start, and its secrets are
 * generated. Variables that are set take precedence.
 *
 * @throws Failure when no standalone has its data there, or it is not running.
 */
export async function withStandalone(env: Environment): Promise<Environment> {
  const { DATA_DIR: dataDir, PORT: port = PORT_DEFAULT } = env
  if (!dataDir || env['DATABASE_URL'] || env['DATABASE_URL_FILE']) return env

  const secrets = JSON.parse(await read(join(dataDir, 'secrets.json'), `no standalone has its data in ${dataDir}`)) as {
    readonly databasePassword: string
    readonly panelKey: string
    readonly jwtSecret: string
  }
  const pidFile = await read(join(dataDir, 'postgres', 'postmaster.pid'), `the standalone of ${dataDir} is not running`)
  // Its fourth line.
  const databasePort = pidFile.split('\n')[3]
  return {
    PAXYO_URL: `http://localhost:${port}`,
    PAXYO_API_KEY: secrets.panelKey,
    JWT_SECRETS: secrets.jwtSecret,
    ...env,
    DATABASE_URL: `postgres://postgres:${secrets.databasePassword}@127.0.0.1:${databasePort}/postgres`,
  }
}

async function read(path: string, otherwise: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code !== 'ENOENT') throw new Failure('usage', message, 'Run this command as the same user as the standalone.')
    throw new Failure('usage', otherwise, 'Start it, or correct DATA_DIR.')
  }
}
