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

export const SUPERUSER_PASSWORD = 'superuser'

/**
 * A primary that lost its link to etcd gives up within TTL, and its standby takes over after it: TTL must be at least
 * LOOP_WAIT + 2 × RETRY_TIMEOUT. In seconds.
 */
const TIMES = { ttl: 10, loop_wait: 2, retry_timeout: 3 }

/** As recommended in infra/docs/how-to/postgresql-that-may-die.md. */
const PARAMETERS = {
  max_connections: 200,
  // A standby that stopped responding holds up commits for so long; the default is a minute.
  wal_sender_timeout: '5s',
  wal_receiver_timeout: '5s',
  wal_retrieve_retry_interval: '1s',
  wal_keep_size: '512MB',
  shared_buffers: '64MB',
}

/** Patroni's configuration, as YAML, of which JSON is a part. */
export function patroniConfig(options: PatroniOptions): string {
  const local = (port: number): string => `127.0.0.1:${port}`
  const login = (username: string, password: string): object => ({ username, password, sslmode: 'disable' })
  return JSON.stringify({
    scope: 'paxyo',
    name: options.name,
    restapi: { listen: local(options.restPort), connect_address: local(options.restProxyPort) },
    etcd3: { hosts: options.etcdPorts.map(local), use_proxies: true },
    bootstrap: {
      dcs: {
        ...TIMES,
        maximum_lag_on_failover: 1_048_576,
        synchronous_mode: true,
        // A primary whose PostgreSQL died is restarted where it was, unless that takes longer.
        primary_start_timeout: 10,
        postgresql: { use_pg_rewind: true, use_slots: true, parameters: PARAMETERS },
      },
      initdb: [{ encoding: 'UTF8' }, { locale: 'C.UTF-8' }, 'data-checksums'],
    },
    postgresql: {
      listen: local(options.postgresPort),
      connect_address: local(options.postgresProxyPort),
      data_dir: options.dataDir,
      bin_dir: options.programs,
      pgpass: `${options.folder}/pgpass`,
      authentication: {
        superuser: login('postgres', SUPERUSER_PASSWORD),
        replication: login('replicator', 'replicator'),
      },
      parameters: { unix_socket_directories: options.folder },
      pg_hba: ['host all all 127.0.0.1/32 scram-sha-256', 'host replication replicator 127.0.0.1/32 scram-sha-256'],
      remove_data_directory_on_rewind_failure: true,
      remove_data_directory_on_diverged_timelines: true,
    },
  })
}
