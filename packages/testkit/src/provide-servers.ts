import { connect } from 'node:net'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startLocalPostgres } from '@paxyo/local-postgres'
import { GenericContainer, Wait, type StartedTestContainer } from 'testcontainers'
import { startRedisServer } from './redis-server.ts'

// Imported by the global setup only: testcontainers takes longer to load than most test files take to run.

/** A server that all test files of a run share. */
export interface SharedServer {
  readonly url: string
  readonly origin: 'given' | 'docker' | 'local'
  stop(): Promise<void>
}

const DOCKER_SOCKET = '/var/run/docker.sock'

/** For hundreds of databases that live for seconds. */
const SETTINGS = {
  fsync: 'off',
  // Creating a database makes a checkpoint, after which every page would be logged whole.
  full_page_writes: 'off',
  autovacuum: 'off',
  max_connections: '300',
}

/** PostgreSQL: the given one, else one in Docker, else an embedded one. */
export async function providePostgres(): Promise<SharedServer> {
  const given = process.env['DATABASE_URL']
  if (given) return { url: given, origin: 'given', stop: () => Promise.resolve() }

  const container = await startInDocker(
    new GenericContainer('postgres:18')
      .withEnvironment({ POSTGRES_PASSWORD: 'test' })
      .withCommand(['postgres', ...Object.entries(SETTINGS).flatMap(([name, value]) => ['-c', `${name}=${value}`])])
      .withExposedPorts(5432)
      .withWaitStrategy(Wait.forLogMessage(/database system is ready to accept connections/, 2)),
  )
  if (container !== undefined) {
    const url = `postgres://postgres:test@${container.getHost()}:${container.getMappedPort(5432)}/postgres`
    return { url, origin: 'docker', stop: async () => void (await container.stop()) }
  }

  const dir = mkdtempSync(join(tmpdir(), 'paxyo-postgres-'))
  const server = await startLocalPostgres({ dataDir: join(dir, 'data'), password: 'test', settings: SETTINGS })
  return {
    url: server.url,
    origin: 'local',
    async stop() {
      await server.stop()
      rmSync(dir, { recursive: true, force: true })
    },
  }
}

/** Redis: the given one, else one in Docker, else `redis-server` from the PATH or from Debian's package. */
export async function provideRedis(): Promise<SharedServer> {
  const given = process.env['REDIS_URL']
  if (given) return { url: given, origin: 'given', stop: () => Promise.resolve() }

  const container = await startInDocker(new GenericContainer('redis:8').withExposedPorts(6379))
  if (container !== undefined) {
    const url = `redis://${container.getHost()}:${container.getMappedPort(6379)}`
    return { url, origin: 'docker', stop: async () => void (await container.stop()) }
  }

  const server = await startRedisServer()
  return { url: server.url, origin: 'local', stop: () => server.stop() }
}

/** @returns undefined when there is no Docker, or it cannot get the image: the tests then start the server another way. */
async function startInDocker(container: GenericContainer): Promise<StartedTestContainer | undefined> {
  if (!(await isDockerRunning())) return undefined
  try {
    return await container.start()
  } catch (error) {
    process.stderr.write(`not from Docker: ${(error as Error).message}\n`)
    return undefined
  }
}

/** Whether a Docker engine responds, unless it is disabled; an installed client alone is not enough. */
function isDockerRunning(): Promise<boolean> {
  if (process.env['TEST_DOCKER'] === 'off') return Promise.resolve(false)
  if (process.env['DOCKER_HOST']) return Promise.resolve(true)
  return new Promise((resolve) => {
    const socket = connect(DOCKER_SOCKET)
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
