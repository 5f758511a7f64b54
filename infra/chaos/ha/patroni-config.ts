import { readFileSync } from 'node:fs'
import { parse } from 'yaml'

/** What Patroni of one node is configured with. */
export interface PatroniOptions {
  readonly name: string
  readonly dataDir: string
  /** Where its sockets and its password file are. */
  readonly folder: string
  /** The folder of PostgreSQL's programs. */
  readonly programs: string
  /** Where it listens. */
  readonly postgresPort: number
  readonly restPort: number
  /** Where others reach it. */
  readonly postgresProxyPort: number
  readonly restProxyPort: number
  /** Where it reaches the members of etcd. */
  readonly etcdPorts: readonly number[]
}

const SUPERUSER_PASSWORD = 'superuser'

/** The address of the database that PostgreSQL's superuser has, on one or several servers. */
export const superuserUrl = (...ports: readonly number[]): string =>
  `postgres://postgres:${SUPERUSER_PASSWORD}@${ports.map((port) => `127.0.0.1:${port}`).join(',')}/postgres`

interface Shipped {
  readonly bootstrap: {
    readonly dcs: { readonly postgresql: { readonly parameters: object } }
    readonly initdb: readonly unknown[]
  }
  readonly postgresql: object
}

/** The configuration of compose: what is tried is what is shipped. */
const SHIPPED = parse(
  readFileSync(new URL('../../deploy/compose/patroni/patroni.yml', import.meta.url), 'utf8'),
) as Shipped

/** Patroni's configuration, as YAML, of which JSON is a part. */
export function patroniConfig(options: PatroniOptions): string {
  const local = (port: number): string => `127.0.0.1:${port}`
  const login = (username: string, password: string): object => ({ username, password, sslmode: 'disable' })
  return JSON.stringify({
    scope: 'paxyo',
    name: options.name,
    restapi: { listen: local(options.restPort), connect_address: local(options.restProxyPort) },
    etcd: { hosts: options.etcdPorts.map(local), use_proxies: true },
    bootstrap: { dcs: SHIPPED.bootstrap.dcs, initdb: SHIPPED.bootstrap.initdb },
    postgresql: {
      ...SHIPPED.postgresql,
      listen: local(options.postgresPort),
      connect_address: local(options.postgresProxyPort),
      data_dir: options.dataDir,
      bin_dir: options.programs,
      pgpass: `${options.folder}/pgpass`,
      authentication: {
        superuser: login('postgres', SUPERUSER_PASSWORD),
        replication: login('replicator', 'replicator'),
        rewind: login('rewind', 'rewind'),
      },
      parameters: { unix_socket_directories: options.folder, shared_buffers: '64MB' },
      pg_hba: ['host all all 127.0.0.1/32 scram-sha-256', 'host replication replicator 127.0.0.1/32 scram-sha-256'],
      use_unix_socket: false,
      use_unix_socket_repl: false,
    },
  })
}
