import { describe, expect, test } from '@jest/globals'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { parse } from 'yaml'

const ROOT = new URL('../../../../', import.meta.url)
const read = (path: string): string => readFileSync(new URL(path, ROOT), 'utf8')
const dockerfile = read('infra/deploy/compose/Dockerfile')
const compose = read('docker-compose.yml')

test('the image has the Node and the pnpm that everything is tested with', () => {
  const node = /^ {2}node: ([\d.]+)$/m.exec(read('pnpm-workspace.yaml'))?.[1]
  const pnpm = /pnpm@[\d.]+/.exec(read('infra/scripts/install.mjs'))?.[0]

  expect(/^ARG NODE_IMAGE=node:([\d.]+)-/m.exec(dockerfile)?.[1]).toBe(node)
  expect(/pnpm@[\d.]+/.exec(dockerfile)?.[0]).toBe(pnpm)
})

test('every secret that a container reads is one that compose hands out, from the folder of secrets', () => {
  const declared = [...compose.matchAll(/^ {2}([\w.-]+): \{ file: '(.+)' \}$/gm)]
  const names = declared.map(([, name]) => name!)
  const used = [...compose.matchAll(/\/run\/secrets\/([\w.-]+)/g)].map(([, name]) => name!)

  expect(names.length).toBeGreaterThan(20)
  expect(names).toEqual(expect.arrayContaining([...new Set(used)]))
  for (const [, name, file] of declared) expect(file).toBe(`\${SECRETS_DIR:-./infra/deploy/compose/secrets}/${name}`)
})

test('no secret is under version control, and none could be put into an image', () => {
  const included = read('infra/deploy/compose/Dockerfile.dockerignore')
    .split('\n')
    .filter((line) => line.startsWith('!'))

  expect(read('.gitignore').split('\n')).toContain('infra/deploy/compose/secrets/')
  expect(included).toEqual([
    '!package.json',
    '!pnpm-lock.yaml',
    '!pnpm-workspace.yaml',
    '!packages',
    '!services',
    // The program that creates the secrets.
    '!infra/deploy/secrets/package.json',
    '!infra/deploy/secrets/src',
  ])
})

interface Service {
  readonly image: string
  readonly build?: { readonly args: { readonly SERVICE: string } }
  readonly profiles?: readonly string[]
  readonly networks?: readonly string[]
  readonly ports?: readonly string[]
  readonly secrets?: readonly string[]
  readonly healthcheck?: { readonly disable?: boolean }
  readonly [limit: string]: unknown
}
const { services } = parse(compose, { merge: true }) as { services: Record<string, Service> }
/** Built from this repository, or published by its workflow. */
const isOurs = (image: string): boolean => /^(?:paxyo|\$\{IMAGE_REGISTRY:-paxyo\})\//.test(image)
const namesOf = (isSuch: (service: Service) => boolean): string[] =>
  Object.keys(services).filter((name) => isSuch(services[name]!))

test('every container is locked down alike', () => {
  expect(Object.keys(services).length).toBeGreaterThanOrEqual(10)
  for (const [name, service] of Object.entries(services)) {
    expect({ name, service }).toMatchObject({
      name,
      service: {
        read_only: true,
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
        restart: expect.any(String),
        pids_limit: expect.any(Number),
        logging: { driver: 'json-file', options: { 'max-size': '10m', 'max-file': '5' } },
      },
    })
  }
  expect(namesOf(({ cap_add }) => cap_add !== undefined)).toEqual(['secrets'])
  expect(
    namesOf(({ privileged, pid, ipc, network_mode }) => Boolean(privileged ?? pid ?? ipc ?? network_mode)),
  ).toEqual(['secrets'])
})

test('every container that goes on has a limit of memory, and whoever answers requests says whether it is well', () => {
  expect(namesOf(({ mem_limit }) => mem_limit === undefined)).toEqual(['secrets'])
  expect(namesOf(({ healthcheck }) => healthcheck?.disable === true)).toEqual([
    'migrate',
    'maintain',
    'secrets',
    'paxyo',
    'exporter',
  ])
  // Images from others, which have no health check.
  const foreign = namesOf(({ image }) => !isOurs(image))
  expect(foreign).toEqual(['postgres', 'redis', 'haproxy', 'prometheus', 'alertmanager', 'grafana'])
  for (const name of foreign) expect({ name, ...services[name]!.healthcheck }).toHaveProperty('test')
})

test('PostgreSQL may have a process for each connection, and others for its own work, checks and backups', () => {
  const [, max] = /^max_connections = (\d+)$/m.exec(read('infra/deploy/compose/postgres/postgresql.conf'))!
  expect(services['postgres']!['pids_limit']).toBeGreaterThanOrEqual(Number(max) + 100)
})

test('behind a load balancer the certificate can be measured there: HAProxy then rejects what is not from it', () => {
  const { CERTIFICATES } = services['exporter']!['environment'] as Record<string, string>
  expect(CERTIFICATES).toMatch(/^\$\{CERTIFICATES:-haproxy:8443\},/)
})

test('only those who speak to people are reachable from outside, and the demo and the tools from this machine alone', () => {
  const published = Object.entries(services).flatMap(([name, { ports = [] }]) => ports.map((port) => [name, port]))
  expect(published).toEqual([
    ['haproxy', '${HTTP_PORT:-80}:8080'],
    ['haproxy', '${HTTPS_PORT:-443}:8443'],
    ['demo', '127.0.0.1:${DEMO_PROVIDER_PORT:-8090}:8090'],
    ['grafana', '127.0.0.1:${GRAFANA_PORT:-3000}:3000'],
  ])
})

test('whoever can be reached from outside cannot reach PostgreSQL or Redis', () => {
  expect(namesOf(({ networks }) => networks?.includes('back') ?? false)).toEqual([
    'postgres',
    'redis',
    'migrate',
    'maintain',
    'webhook-ingest',
    'ws-gateway',
    'paxyo',
    'exporter',
  ])
})

test('the demo, the setup and what watches start only when they are asked for', () => {
  expect(namesOf(({ profiles }) => profiles !== undefined)).toEqual([
    'secrets',
    'paxyo',
    'demo',
    'prometheus',
    'alertmanager',
    'exporter',
    'grafana',
  ])
  // It has a panel's key and access to nothing else.
  expect(services['demo']).toMatchObject({
    profiles: ['demo'],
    networks: ['front'],
    secrets: ['panel-api-keys', 'webhook-secrets', 'demo-provider-key'],
  })
  const haproxy = read('infra/deploy/compose/haproxy/haproxy.cfg')
  const ways = haproxy.split('\n').filter((line) => line.includes('use_backend demo'))
  expect(ways.length).toBe(2)
  for (const way of ways) expect(way).toContain('{ nbsrv(demo) gt 0 }')
})

test('every image of ours is of a package that has something to start', () => {
  const built = Object.values(services).flatMap(({ build }) => (build === undefined ? [] : [build.args.SERVICE]))
  expect([...new Set(built)]).toEqual(['@paxyo/cli', 'webhook-ingest', 'ws-gateway', 'demo'])
  for (const name of built) {
    const folders = ['services', 'packages', 'infra/deploy'].map((parent) => `${parent}/${name.replace('@paxyo/', '')}`)
    const mains = folders.filter((folder) => existsSync(new URL(`${folder}/src/main.ts`, ROOT)))
    expect({ name, mains: mains.length }).toEqual({ name, mains: 1 })
    // The Dockerfile copies the package into the image.
    expect(dockerfile).toMatch(new RegExp(`^COPY (${mains[0]}|${mains[0]!.split('/')[0]}) `, 'm'))
  }
})

test('our images have the version of this repository, and one that is released with it', () => {
  const { version } = JSON.parse(read('package.json')) as { version: string }
  const ours = Object.values(services).flatMap(({ image }) => (isOurs(image) ? [image] : []))
  for (const image of ours)
    expect(image).toMatch(new RegExp(`/[a-z-]+:\\$\\{PAXYO_VERSION:-${version.replaceAll('.', '\\.')}\\}$`))
  // Those that the workflow publishes may come from its registry.
  const workflow = parse(read('.github/workflows/release.yml')) as {
    jobs: { images: { strategy: { matrix: { service: string[] } } } }
  }
  const published = workflow.jobs.images.strategy.matrix.service.map((name) => name.replace('@paxyo/', ''))
  const pulled = ours.filter((image) => image.startsWith('${IMAGE_REGISTRY:-paxyo}/'))
  expect(new Set(pulled.map((image) => image.split('/')[1]!.split(':')[0]))).toEqual(new Set(published))
  for (const overlay of ['small', 'large']) {
    const { images } = parse(read(`infra/deploy/k8s/overlays/${overlay}/kustomization.yaml`)) as {
      images: { newTag: string }[]
    }
    expect([...new Set(images.map(({ newTag }) => newTag))]).toEqual([version])
  }
  for (const name of ['browser-client', 'panel-client']) {
    expect(read(`packages/${name}/package.json`)).toContain(`"version": "${version}"`)
  }
  expect(read('CHANGELOG.md')).toMatch(new RegExp(`^## \\[${version.replaceAll('.', '\\.')}\\]`, 'm'))
})

test('Redis may be Valkey: nothing names a program of one of them alone', () => {
  const { image, command } = services['redis']!
  expect(image).toMatch(/^\$\{REDIS_IMAGE:-redis:8[.\d]*@sha256:/)
  expect(command).toEqual(['/etc/paxyo/redis.conf'])
  for (const script of ['healthy.sh', 'load-users.sh']) {
    expect(read(`infra/deploy/compose/redis/${script}`)).toContain('command -v redis-cli || command -v valkey-cli')
  }
})

test('what makes the logins when the database is made is a program, not lines for the entrypoint to read in', () => {
  expect(statSync(new URL('infra/deploy/compose/postgres/apply-logins.sh', ROOT)).mode & 0o111).toBe(0o111)
})

test('every setting that is taken from .env is one that infra/README.md tells of', () => {
  const readme = read('infra/README.md')
  const taken = [...compose.matchAll(/\$\{(\w+)(?=[:}])/g)].map(([, name]) => name!)

  expect(taken.length).toBeGreaterThan(20)
  expect([...new Set(taken)].filter((name) => !readme.includes(`\`${name}\``))).toEqual([])
})

describe('three PostgreSQL servers instead of one', () => {
  // Compose's own tags: what replaces, or removes, what docker-compose.yml has.
  const ha = parse(read('infra/deploy/compose/ha.yml').replaceAll(/!(override|reset) /g, ''), { merge: true }) as {
    services: Record<string, Service>
    secrets: Record<string, { file: string }>
    volumes: Record<string, null>
    networks: Record<string, { internal: boolean }>
  }
  const { postgres, 'ws-gateway': gateway, ...nodes } = ha.services
  const haproxy = read('infra/deploy/compose/haproxy-postgres/haproxy.cfg')
  const patroni = parse(read('infra/deploy/compose/patroni/patroni.yml')) as {
    bootstrap: { dcs: Record<string, number | boolean>; post_init: string }
    postgresql: { pg_hba: string[] }
  }

  test('the services still connect to `postgres`, where HAProxy leads them to the primary that Patroni names', () => {
    expect(postgres).toMatchObject({ networks: ['back', 'postgres'], secrets: [] })
    expect(postgres!.image).toBe(services['haproxy']!.image)
    // It starts also while one of them is lost.
    expect(postgres!['depends_on']).toEqual(Object.keys(nodes).filter((name) => name.startsWith('postgres-')))
    for (const [port, role] of [
      [5432, 'primary'],
      [5433, 'replica'],
    ]) {
      const listener = haproxy.split('\n\n').find((section) => section.includes(`  bind :${port}\n`))!
      const servers = [...listener.matchAll(/^ {2}server \w+ ([\w-]+):5432 check port 8008$/gm)].map(([, host]) => host)
      expect(servers).toEqual(Object.keys(nodes).filter((name) => name.startsWith('postgres-')))
      expect(servers).toHaveLength(3)
      expect(listener).toContain(`option httpchk OPTIONS /${role}\n`)
      expect(listener).toContain('on-marked-down shutdown-sessions')
    }
  })

  test('gateways get the address of the standbys, which has a password, as a secret, and not from .env', () => {
    expect(gateway).toEqual({
      environment: { DATABASE_READ_URL: '', DATABASE_READ_URL_FILE: '/run/secrets/database-read-url' },
      secrets: ['database-read-url'],
    })
    expect(read('infra/docs/how-to/read-from-a-standby.md')).not.toMatch(/DATABASE_READ_URL=.*>> \.env/)
  })

  test('every container is locked down like the others, and only HAProxy reaches PostgreSQL and etcd', () => {
    for (const [name, service] of Object.entries(nodes)) {
      const { restart, logging } = services['redis']!
      expect({ name, service }).toMatchObject({
        name,
        service: {
          read_only: true,
          cap_drop: ['ALL'],
          security_opt: ['no-new-privileges:true'],
          restart,
          logging,
          user: '999:999',
          networks: ['postgres'],
          mem_limit: expect.any(String),
          pids_limit: expect.any(Number),
          healthcheck: { test: expect.any(Array) },
        },
      })
      expect(service).not.toHaveProperty('ports')
    }
    expect(ha.networks).toEqual({ postgres: { internal: true } })
  })

  test('an update takes the packages of that day, and not those of the first build', () => {
    const [update] = /^### Update$[^]+?(?=^## )/m.exec(read('infra/docs/how-to/postgresql-that-may-die.md'))!
    const builds = update.match(/^docker compose build .*$/gm)
    expect(builds).toEqual(['docker compose build --no-cache postgres-one'])
  })

  test('each server and each member of etcd has its own data, and all of etcd know each other', () => {
    const volumes = Object.entries(nodes).map(([name, service]) => [name, (service['volumes'] as string[])[0]])
    for (const [name, volume] of volumes) expect(volume).toMatch(new RegExp(`^${name}-data:`))
    expect(Object.keys(ha.volumes)).toEqual(Object.keys(nodes).map((name) => `${name}-data`))
    const etcd = Object.keys(nodes).filter((name) => name.startsWith('etcd-'))
    const members = etcd.map((member) => `${member}=http://${member}:2380`).join(',')
    const clients = etcd.map((member) => `${member}:2379`).join(',')
    for (const [name, service] of Object.entries(nodes)) {
      const environment = service['environment'] as Record<string, string>
      const known = etcd.includes(name) ? { ETCD_CLUSTER: members } : { PATRONI_ETCD_HOSTS: clients }
      expect(environment).toEqual({ NODE: name, ...known })
    }
  })

  test('a COMMIT waits for a standby, and the times allow a primary to give up before another one takes over', () => {
    const { ttl, loop_wait: loop, retry_timeout: retry, synchronous_mode: isSynchronous } = patroni.bootstrap.dcs
    expect(isSynchronous).toBe(true)
    expect(Number(loop) + 2 * Number(retry)).toBeLessThanOrEqual(Number(ttl))
    expect(patroni.postgresql.pg_hba).toContain('hostssl all          postgres    all          reject')
  })

  test('every secret that a node reads is one that compose hands out, and every file is in the image', () => {
    const scripts = ['start.sh', 'create-database.sh'].map((name) => read(`infra/deploy/compose/patroni/${name}`))
    const used = [...scripts.join('').matchAll(/\/run\/secrets\/([\w.-]+)/g)].map(([, name]) => name!)
    const handedOut = nodes['postgres-one']!.secrets!
    expect(handedOut).toEqual(expect.arrayContaining([...new Set(used), 'postgres.crt', 'postgres-owner-login']))
    expect(compose).not.toContain('postgres-replication-password')
    expect(Object.keys(ha.secrets)).toEqual(['database-read-url', 'postgres-replication-password'])
    const image = read('infra/deploy/compose/patroni/Dockerfile')
    expect(image).toMatch(/^ARG DEBIAN_IMAGE=\S+-bookworm-slim@sha256:[0-9a-f]{64}$/m)
    expect(image).toContain('COPY start.sh create-database.sh /usr/local/lib/paxyo/')
    expect(patroni.bootstrap.post_init).toBe('/usr/local/lib/paxyo/create-database.sh')
    expect(statSync(new URL('infra/deploy/compose/patroni/create-database.sh', ROOT)).mode & 0o111).toBe(0o111)
  })
})
