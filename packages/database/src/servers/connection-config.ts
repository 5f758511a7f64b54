import { callbackify } from 'node:util'
import pg from 'pg'
import { NotConnectedError } from '../database-errors.ts'
import { PipelinedClient } from '../pipelined-client.ts'
import { parseDatabaseUrl } from './database-url.ts'
import { watchPrimary, type PrimaryChange, type PrimaryWatch } from './primary-watch.ts'
import { readClientState, toServer, type Server } from './server-session.ts'

/** The part of a pool's configuration that says where it connects. */
export interface ConnectionConfig extends Pick<pg.PoolConfig, 'connectionString'> {
  readonly Client?: typeof pg.Client
}

/**
 * Configures where connections of a pool lead. For an address of several servers, each new connection leads to the one
 * that accepts writes, and connections to another one are closed after a failover; likewise for one name that leads to the primary
 * of several, such as a service of Kubernetes, when it has `target_session_attrs`.
 *
 * @param onChange called when another server is the primary, or the same one on another timeline.
 * @throws DatabaseUrlError
 * @example
 * connectionConfig('postgres://me@one/paxyo') //=> { connectionString: 'postgres://me@one/paxyo' }
 * 'Client' in connectionConfig('postgres://me@one,two/paxyo') //=> true
 * 'Client' in connectionConfig('postgres://me@postgres-rw/paxyo?target_session_attrs=read-write') //=> true
 */
export function connectionConfig(address: string, onChange?: (change: PrimaryChange) => void): ConnectionConfig {
  const { urls, asksForPrimary } = parseDatabaseUrl(address)
  const [connectionString] = urls as [string]
  if (urls.length === 1 && !asksForPrimary) return { connectionString }
  return { connectionString, Client: clientTo(watchPrimary(urls.map(toServer), onChange)) }
}

/**
 * A client for one connection to an address, which may name several servers.
 *
 * @example
 * const one = createClient(databaseUrl, { application_name: 'an-example' })
 * await one.connect()
 * (await one.query('SELECT 1 AS one')).rows //=> [{ one: 1 }]
 * await one.end()
 */
export function createClient(address: string, config: pg.ClientConfig): pg.Client {
  const { Client = pg.Client, ...connection } = connectionConfig(address)
  return new Client({ ...config, ...connection })
}

/** A client that connects to the primary, wherever it is by then. */
function clientTo(watch: PrimaryWatch): typeof pg.Client {
  return class PrimaryClient extends PipelinedClient {
    override connect(): Promise<pg.Client>
    override connect(callback: (error: Error) => void): void
    override connect(callback?: (error: Error) => void): Promise<pg.Client> | void {
      if (callback === undefined) return this.#connect().then(() => this)
      callbackify(() => this.#connect())(callback)
    }

    async #connect(): Promise<void> {
      const server = await watch.find()
      this.host = server.host
      this.port = server.port
      const release = watch.guard(server, { destroy: () => this.connection.stream.destroy() })
      this.once('end', release)
      // A pool listens once it has the client, and Node ends a process that does not handle an error event.
      this.on('error', () => undefined)
      try {
        await super.connect()
        await assertPrimary(this, server)
      } catch (error) {
        watch.suspect(server)
        release()
        this.connection.stream.destroy()
        throw error
      }
    }
  }
}

/** It may have become a standby since it was asked. */
async function assertPrimary(client: pg.Client, server: Server): Promise<void> {
  const { isReplica } = await readClientState(client)
  if (isReplica) throw new NotConnectedError(`${server.name} is a standby`)
}
