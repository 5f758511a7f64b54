import { afterAll, describe, expect, test } from '@jest/globals'
import { renderKustomization } from '@paxyo/testkit'
import { execFileSync, spawnSync } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parse, parseAllDocuments } from 'yaml'
import { DASHBOARDS, grafanaJson } from '../../observability/dashboards.ts'

// The manifests as kustomize renders them: valid against the schemas of Kubernetes, and as restricted as documented.

/** kubectl apply stores a whole manifest in an annotation, whose size is limited. */
const APPLIED_BYTES_MAX = 262_144
const ROOT = fileURLToPath(new URL('../../../..', import.meta.url))
const K8S = join(ROOT, 'infra/deploy/k8s')
const README = readFileSync(join(K8S, 'README.md'), 'utf8')
const RUNBOOK = readFileSync(join(ROOT, 'infra/docs/runbook.md'), 'utf8')
const HOW_TO = readFileSync(join(ROOT, 'infra/docs/how-to/postgresql-that-may-die.md'), 'utf8')

interface Manifest {
  readonly apiVersion: string
  readonly kind: string
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly labels?: Record<string, string> }
  readonly spec: any // oxlint-disable-line typescript/no-explicit-any -- of every kind; the schemas below say of which shape
}

const render = (overlay: string, deploy = 'deploy'): Manifest[] =>
  parseAllDocuments(renderKustomization(join(REPOSITORY, deploy, 'k8s/overlays', overlay))).map(
    (document) => document.toJS() as Manifest,
  )
const shell = (commands: string, cwd: string): unknown => execFileSync('bash', ['-euc', commands], { cwd })

/** An operator's repository, with a copy of the manifests by the commands of README.md. */
const REPOSITORY = mkdtempSync(join(tmpdir(), 'paxyo-manifests-'))
afterAll(() => rmSync(REPOSITORY, { recursive: true, force: true }))
shell(/^mkdir[^]+?(?=\nkubectl kustomize)/m.exec(README)![0].replaceAll('…', ROOT), REPOSITORY)
const rendered = { small: render('small'), large: render('large'), ha: render('ha') }
const OVERLAYS = ['small', 'large', 'ha'] as const
const all = OVERLAYS.flatMap((overlay) => rendered[overlay])

/** The pods of Deployments, Jobs and CronJobs. */
const podsOf = (manifests: readonly Manifest[]): { name: string; template: Manifest }[] =>
  manifests.flatMap(({ kind, metadata: { name }, spec }) => {
    if (kind === 'Deployment' || kind === 'Job') return [{ name, template: spec.template }]
    return kind === 'CronJob' ? [{ name, template: spec.jobTemplate.spec.template }] : []
  })
const ofKind = (kind: string, manifests: readonly Manifest[] = all): Manifest[] =>
  manifests.filter((manifest) => manifest.kind === kind)

/** The cluster that the runbook restores: with other names, and another bootstrap. */
function restore(): { readonly manifests: readonly Manifest[]; readonly cluster: Manifest } {
  cpSync(join(REPOSITORY, 'deploy'), join(REPOSITORY, 'restored'), { recursive: true })
  const [renames] = /^ *sed -i[^]+?(?=```)/m.exec(RUNBOOK)!
  shell(renames, join(REPOSITORY, 'restored/k8s/components/cloudnative-pg'))
  const manifests = render('ha', 'restored')
  const [cluster] = ofKind('Cluster', manifests)
  const [bootstrap] = /^ *bootstrap:\n *recovery:[^]+?(?=```)/m.exec(RUNBOOK)!
  return { manifests, cluster: { ...cluster!, spec: { ...cluster!.spec, ...parse(bootstrap.trimEnd()) } } }
}
const restored = restore()

const CLOUDNATIVE_PG = '@kubernetes-models/cloudnative-pg'

describe('schemas', () => {
  /** The path of a kind in the npm packages of Kubernetes' OpenAPI document and of the custom resources. */
  const moduleOf = ({ apiVersion }: Manifest): string => {
    if (apiVersion.startsWith('gateway.networking.k8s.io/')) return `@kubernetes-models/gateway-api/${apiVersion}`
    if (apiVersion.startsWith('monitoring.coreos.com/')) return `@kubernetes-models/prometheus-operator/${apiVersion}`
    if (apiVersion.startsWith('postgresql.cnpg.io/')) return `${CLOUDNATIVE_PG}/${apiVersion}`
    return `kubernetes-models/${apiVersion}`
  }
  /** Of the plugin for backups there are only the types of its configuration. */
  const isOfPlugin = ({ apiVersion }: Manifest): boolean => apiVersion.startsWith('barmancloud.cnpg.io/')

  const problemOf = (validate: () => void): string | undefined => {
    try {
      validate()
      return undefined
    } catch (error) {
      return String(error)
    }
  }

  test.each(OVERLAYS)('%s: every manifest is valid', async (overlay) => {
    for (const manifest of rendered[overlay].filter((one) => !isOfPlugin(one))) {
      const models = (await import(moduleOf(manifest))) as Record<string, new (data: unknown) => { validate(): void }>
      const problem = problemOf(() => new models[manifest.kind]!(manifest).validate())
      expect({ manifest: `${manifest.kind} ${manifest.metadata.name}`, problem }).toMatchObject({ problem: undefined })
    }
  })

  // The schemas allow unknown fields; the types generated from them do not.
  test('no manifest has a member that Kubernetes does not know', () => {
    const source = [...all, restored.cluster]
      .map((manifest) => {
        if (isOfPlugin(manifest)) {
          const type = `import('${CLOUDNATIVE_PG}/github.com/cloudnative-pg/barman-cloud/pkg/api').IBarmanObjectStoreConfiguration`
          return `;(${JSON.stringify(manifest.spec.configuration)}) satisfies ${type}`
        }
        const type = `import('${moduleOf(manifest)}').I${manifest.kind}`
        return `;(${JSON.stringify(manifest)}) satisfies ${type}`
      })
      .join('\n')
    expect(typeCheck(source)).toBe('')
    const [deployment] = ofKind('Deployment')
    const misspelt = JSON.stringify(deployment).replace('"readinessProbe"', '"readynessProbe"')
    expect(typeCheck(`;(${misspelt}) satisfies import('kubernetes-models/apps/v1').IDeployment`)).toContain(
      'readynessProbe',
    )
  })
})

function typeCheck(source: string): string {
  const dir = mkdtempSync(join(ROOT, 'node_modules/.paxyo-manifests-'))
  try {
    writeFileSync(join(dir, 'manifests.ts'), source)
    const options = '--ignoreConfig --noEmit --strict --skipLibCheck --module nodenext --target esnext --types node'
    const args = [join(ROOT, 'node_modules/typescript/bin/tsc'), ...options.split(' '), join(dir, 'manifests.ts')]
    return spawnSync(process.execPath, args, { encoding: 'utf8', cwd: ROOT }).stdout
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

describe.each(podsOf(all).map((pod) => [pod.name, pod.template] as const))('the pod of %s', (_name, { spec }) => {
  test('meets the restricted profile of pod security, and may write nowhere', () => {
    expect(spec.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } })
    expect(spec.securityContext.runAsUser).toBeGreaterThan(0)
    expect(spec).not.toMatchObject({ hostNetwork: true })
    expect(spec.automountServiceAccountToken).toBe(false)
    for (const container of [...spec.containers, ...(spec.initContainers ?? [])]) {
      expect(container.securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      })
    }
    for (const volume of spec.volumes ?? []) expect(Object.keys(volume).toSorted()).toEqual(['name', 'secret'])
  })

  test('may read the secrets that are mounted: they belong to root and to its group', () => {
    expect(spec.securityContext).toMatchObject({ runAsGroup: 1000, fsGroup: 1000 })
  })

  test('has a bound on its memory, and an image of a version', () => {
    for (const { image, resources } of spec.containers) {
      expect(resources.limits.memory).toMatch(/^\d+Mi$/)
      expect(resources.requests).toMatchObject({ cpu: expect.any(String), memory: expect.any(String) })
      expect(image).toMatch(/^[^:@]+:\d+\.\d+\.\d+$/)
    }
  })

  test('is told its secrets by reference', () => {
    for (const { env, envFrom = [] } of spec.containers) {
      const spoken = env.filter(
        ({ name, value }: { name: string; value?: string }) =>
          /SECRET|TOKEN|KEY|PASSWORD|_URL/.test(name) && value !== undefined,
      )
      for (const { value } of spoken) expect(value).toMatch(/^\/run\/secrets\//)
      for (const source of envFrom) expect(source).toHaveProperty('configMapRef')
    }
  })
})

test('no manifest holds a secret', () => {
  expect(ofKind('Secret')).toEqual([])
  for (const { data } of ofKind('ConfigMap') as unknown as { data: Record<string, string> }[]) {
    for (const name of Object.keys(data)) expect(name).not.toMatch(/SECRET|TOKEN|KEY|PASSWORD|DATABASE_URL|REDIS_URL/)
  }
})

describe.each(ofKind('Deployment').map((deployment) => [deployment.metadata.name, deployment] as const))(
  'the deployment of %s',
  (name, { spec }) => {
    const [container] = spec.template.spec.containers

    test('is updated without a moment in which fewer serve', () => {
      expect(spec.strategy.rollingUpdate).toEqual({ maxUnavailable: 0, maxSurge: 1 })
      expect(container.lifecycle.preStop.sleep.seconds).toBeGreaterThanOrEqual(5)
      const budgets = ofKind('PodDisruptionBudget').filter(({ metadata }) => metadata.name === name)
      for (const budget of budgets) expect(budget.spec).toMatchObject({ maxUnavailable: 1, selector: spec.selector })
      expect(budgets).toHaveLength(OVERLAYS.length)
    })

    test('is given longer to end than it takes', () => {
      const config = ofKind('ConfigMap').find(({ metadata }) => metadata.name.startsWith(`${name}-`)) as unknown as {
        data: Record<string, string>
      }
      const main = readFileSync(join(ROOT, `services/${name}/src/main.ts`), 'utf8')
      const closeMs = Number(/CLOSE_TIMEOUT_MS = ([\d_]+)/.exec(main)?.[1]?.replaceAll('_', '') ?? 30_000)
      const neededS =
        container.lifecycle.preStop.sleep.seconds + Number(config.data['DRAIN_SECONDS'] ?? 0) + closeMs / 1000
      expect(spec.template.spec.terminationGracePeriodSeconds).toBeGreaterThan(neededS)
    })

    test('is probed where it answers', () => {
      expect(container.livenessProbe.httpGet).toEqual({ path: '/livez', port: 'http' })
      expect(container.startupProbe.httpGet).toEqual({ path: '/livez', port: 'http' })
      expect(container.readinessProbe.httpGet).toEqual({ path: '/readyz', port: 'http' })
      expect(container.readinessProbe.timeoutSeconds).toBeGreaterThan(2)
    })

    test('is spread over nodes and zones', () => {
      const keys = spec.template.spec.topologySpreadConstraints.map(
        ({ topologyKey }: { topologyKey: string }) => topologyKey,
      )
      expect(keys).toEqual(['kubernetes.io/hostname', 'topology.kubernetes.io/zone'])
    })

    test('goes to the other zones while one is lost', () => {
      const strict = ofKind('Deployment')
        .filter(({ metadata }) => metadata.name === name)
        .flatMap((deployment) => deployment.spec.template.spec.topologySpreadConstraints)
        .filter(({ whenUnsatisfiable }: { whenUnsatisfiable: string }) => whenUnsatisfiable === 'DoNotSchedule')
      expect(strict.map(({ nodeTaintsPolicy }: { nodeTaintsPolicy?: string }) => nodeTaintsPolicy)).toEqual([
        'Honor',
        'Honor',
      ])
    })

    test('reads only variables that the service knows', () => {
      const config = [
        'config.ts',
        '../../../packages/service-kit/src/config/load-config.ts',
        '../../../packages/service-kit/src/config/redis-config.ts',
      ]
        .map((path) => readFileSync(join(ROOT, `services/${name}/src`, path), 'utf8'))
        .join('\n')
      const own = ofKind('ConfigMap')
        .filter(({ metadata }) => metadata.name.startsWith('paxyo-') || metadata.name.startsWith(`${name}-`))
        .flatMap((map) => Object.keys((map as unknown as { data: Record<string, string> }).data))
      const variables = container.env
        .map(({ name: variable }: { name: string }) => variable.replace(/_FILE$/, ''))
        // Node itself reads it.
        .filter((variable: string) => variable !== 'NODE_EXTRA_CA_CERTS')
      for (const variable of [...own, ...variables]) expect(config).toMatch(new RegExp(`\\b${variable}\\b`))
    })
  },
)

describe('PostgreSQL that may die', () => {
  const [cluster] = ofKind('Cluster', rendered.ha)
  const { spec } = cluster!
  const { database, owner, secret } = spec.bootstrap.initdb
  const INITDB = { database, owner, secret }
  /** Of any name: a restore creates a cluster with another one. */
  const INSTANCES = { matchExpressions: [{ key: 'cnpg.io/cluster', operator: 'Exists' }] }

  test('acknowledges nothing that one instance alone has, and promotes only an instance that has it', () => {
    expect(spec).toMatchObject({
      instances: 3,
      postgresql: { synchronous: { method: 'any', number: 1, dataDurability: 'required', failoverQuorum: true } },
      affinity: { podAntiAffinityType: 'required', topologyKey: 'kubernetes.io/hostname' },
    })
    expect(spec.postgresql.parameters).not.toHaveProperty('synchronous_commit')
  })

  test('has a connection for each one that the services may open', () => {
    const pools = { 'webhook-ingest': 'INGEST_POOL_MAX', 'ws-gateway': 'GATEWAY_POOL_MAX' }
    const wanted = ofKind('HorizontalPodAutoscaler', rendered.ha).map(({ metadata, spec: { maxReplicas } }) => {
      const name = metadata.name as keyof typeof pools
      const file = join(ROOT, `services/${name}/src`, name === 'ws-gateway' ? 'gateway.ts' : 'ingest.ts')
      const [, max] = new RegExp(`${pools[name]} = (\\d+)`).exec(readFileSync(file, 'utf8'))!
      // One more watches the primary.
      return maxReplicas * (Number(max) + 1)
    })
    const sum = wanted.reduce((total, count) => total + count, 0)
    expect(Number(spec.postgresql.parameters.max_connections)).toBeGreaterThan(sum + 40)
    // Operators of another PostgreSQL read it there.
    expect(README).toContain(
      `\`max_connections\` of ${spec.postgresql.parameters.max_connections} in PostgreSQL: [the autoscaled services](components/autoscaling/autoscalers.yaml) want up to ${sum} connections`,
    )
  })

  test('keeps as little WAL as under Patroni: a former primary copies all of it before it follows again', () => {
    const { bootstrap } = parse(readFileSync(join(ROOT, 'infra/deploy/compose/patroni/patroni.yml'), 'utf8')) as {
      bootstrap: { dcs: { postgresql: { parameters: Record<string, string> } } }
    }
    const { wal_keep_size, max_wal_size } = bootstrap.dcs.postgresql.parameters
    expect(spec.postgresql.parameters).toMatchObject({ wal_keep_size, max_wal_size })
  })

  test('has the roles of the migrations, and logins that have nothing else', () => {
    const roles = spec.managed.roles as { name: string; login: boolean; inherit?: boolean; inRoles?: string[] }[]
    const logins = roles.filter(({ inherit }) => inherit === false)
    expect(logins.map(({ inRoles }) => inRoles)).toEqual([['paxyo_ingest'], ['paxyo_gateway']])
    expect(roles.filter(({ login }) => !login).map(({ name }) => name)).toEqual(['paxyo_ingest', 'paxyo_gateway'])
    expect(roles.find(({ name }) => name === spec.bootstrap.initdb.owner)).toMatchObject({ login: true })
    expect(spec.enableSuperuserAccess).toBe(false)
  })

  test('is backed up every night, and each WAL file at once', () => {
    const [store] = ofKind('ObjectStore', rendered.ha)
    const [backup] = ofKind('ScheduledBackup', rendered.ha)
    const [plugin] = spec.plugins
    expect(plugin).toMatchObject({ isWALArchiver: true, parameters: { barmanObjectName: store!.metadata.name } })
    expect(backup!.spec).toMatchObject({
      schedule: '0 30 1 * * *',
      cluster: { name: cluster!.metadata.name },
      method: 'plugin',
      pluginConfiguration: { name: plugin.name },
    })
    expect(store!.spec.retentionPolicy).toBe('30d')
  })

  test('is reached by the services and the jobs of its owner, by itself, its operator and monitoring alone', () => {
    const { podSelector, ingress } = ofKind('NetworkPolicy', rendered.ha).find(
      ({ metadata }) => metadata.name === 'postgres-cluster',
    )!.spec
    expect(podSelector).toEqual(INSTANCES)
    interface Rule {
      readonly from: readonly { podSelector?: object; namespaceSelector?: object }[]
      readonly ports: readonly { port: number }[]
    }
    const sources = (ingress as Rule[]).map(({ from, ports }) => [
      from[0]!.podSelector ?? from[0]!.namespaceSelector,
      ports.map(({ port }) => port),
    ])
    expect(sources).toEqual([
      [{ matchLabels: { 'paxyo/uses-postgres': 'true' } }, [5432]],
      [INSTANCES, [5432, 8000]],
      [{ matchLabels: { 'kubernetes.io/metadata.name': 'cnpg-system' } }, [5432, 8000]],
      [{ matchLabels: { 'paxyo/monitoring': 'true' } }, [9187]],
    ])
  })

  test('is watched: Prometheus reads when the last backup was completed', () => {
    const [monitor] = ofKind('PodMonitor', rendered.ha)
    expect(monitor!.spec).toMatchObject({ selector: INSTANCES, podMetricsEndpoints: [{ port: 'metrics' }] })
  })

  test('is made to write and to promote with fewer instances by the patches of the runbook, which change nothing else', () => {
    const patches = [...RUNBOOK.matchAll(/patch cluster postgres --type merge -p '(.+)'/g)].map(
      ([, patch]) => JSON.parse(patch!) as unknown,
    )
    const ofSynchronous = (synchronous: object): object => ({ spec: { postgresql: { synchronous } } })
    expect(patches).toEqual([
      ofSynchronous({ dataDurability: 'preferred' }),
      ofSynchronous({ dataDurability: 'preferred', failoverQuorum: false }),
    ])
  })

  test('is restored as a cluster with another name, and everything goes by that name', () => {
    const { manifests, cluster: other } = restored
    expect(other.metadata.name).toBe('postgres-restored')
    const renamed = JSON.stringify(manifests).replaceAll('postgres-restored', 'postgres')
    expect(JSON.parse(renamed)).toEqual(rendered.ha)
    expect(ofKind('ScheduledBackup', manifests)[0]!.spec.cluster.name).toBe(other.metadata.name)
    expect(other.spec.topologySpreadConstraints[0].labelSelector.matchLabels).toEqual({
      'cnpg.io/cluster': other.metadata.name,
    })
    const volumes = podsOf(manifests).flatMap(({ template }) => template.spec.volumes)
    const authorities = volumes.filter(({ name }) => name === 'postgres-ca').map((volume) => volume.secret.secretName)
    expect(new Set(authorities)).toEqual(new Set([`${other.metadata.name}-ca`]))
    const { bootstrap, externalClusters } = other.spec
    expect(bootstrap.recovery).toMatchObject({ ...INITDB, source: externalClusters[0].name })
    expect(externalClusters[0].plugin.parameters).toEqual({
      barmanObjectName: ofKind('ObjectStore', manifests)[0]!.metadata.name,
      serverName: cluster!.metadata.name,
    })
  })

  test('is trusted by each pod that connects to it', () => {
    const pods = podsOf(rendered.ha).filter(
      ({ template }) => template.metadata.labels!['paxyo/uses-postgres'] === 'true',
    )
    expect(pods.map(({ name }) => name).toSorted()).toEqual([
      'cli',
      'maintain',
      'migrate',
      'webhook-ingest',
      'ws-gateway',
    ])
    for (const { template } of pods) {
      const { volumes, containers } = template.spec
      expect(volumes).toContainEqual(
        expect.objectContaining({
          secret: expect.objectContaining({ secretName: `${cluster!.metadata.name}-ca` }),
        }),
      )
      expect(containers[0].env).toContainEqual({
        name: 'NODE_EXTRA_CA_CERTS',
        value: '/run/secrets/postgres-ca/ca.crt',
      })
    }
  })
})

test('the jobs of the owner know for how long data is kept, and read only variables that the command line knows', () => {
  const settings = readFileSync(join(ROOT, 'packages/cli/src/settings.ts'), 'utf8')
  const { data, metadata } = ofKind('ConfigMap').find((map) =>
    map.metadata.name.startsWith('retention-'),
  ) as unknown as { data: Record<string, string>; metadata: { name: string } }
  for (const name of Object.keys(data)) expect(settings).toContain(`${name}: `)
  for (const job of podsOf(ofKind('CronJob', rendered.ha))) {
    expect(job.template.spec.containers[0].envFrom).toContainEqual({ configMapRef: { name: metadata.name } })
  }
})

test('the command line waits in a pod until an operator ends it, and has what its commands need', () => {
  const { spec } = ofKind('CronJob', rendered.small).find(({ metadata }) => metadata.name === 'cli')!
  expect(spec.suspend).toBe(true)
  const [container] = spec.jobTemplate.spec.template.spec.containers
  expect(container.command).toEqual(['sleep', '8h'])
  const maps = ofKind('ConfigMap', rendered.small) as unknown as { metadata: { name: string }; data: object }[]
  const variables = [
    ...container.env.map(({ name }: { name: string }) => name),
    ...container.envFrom.flatMap(({ configMapRef: { name } }: { configMapRef: { name: string } }) =>
      Object.keys(maps.find(({ metadata }) => metadata.name === name)!.data),
    ),
  ].map((name: string) => name.replace(/_FILE$/, ''))
  const needed = ['DATABASE_URL', 'REDIS_URL', 'REDIS_MESSAGE_KEYS', 'PAXYO_URL', 'PAXYO_API_KEY']
  expect(variables).toEqual(expect.arrayContaining(needed))
})

test.each(podsOf(ofKind('CronJob', rendered.ha)).map(({ name, template }) => [name, template.spec] as const))(
  'an archive in a bucket has its keys by reference, and %s gets out to it, by TLS',
  (job, { containers }) => {
    const env = containers[0].env as { name: string; valueFrom?: unknown }[]
    const config = readFileSync(join(ROOT, 'packages/cli/src/archive-config.ts'), 'utf8')
    const names = env.map(({ name }) => name).filter((name) => name.startsWith('ARCHIVE_'))
    for (const name of names) expect(config).toContain(`  ${name}: `)
    for (const [name, key] of [
      ['ARCHIVE_S3_ACCESS_KEY_ID', 'access-key-id'],
      ['ARCHIVE_S3_SECRET_ACCESS_KEY', 'secret-access-key'],
    ]) {
      expect(env).toContainEqual({ name, valueFrom: { secretKeyRef: { name: 'paxyo-archive', key } } })
    }
    const policy = ofKind('NetworkPolicy', rendered.ha).find(({ metadata }) => metadata.name === 'maintain-archive')!
    const [selected] = policy.spec.podSelector.matchExpressions
    expect(selected).toMatchObject({ key: 'app.kubernetes.io/name', operator: 'In' })
    expect(selected.values).toContain(job)
    expect(policy.spec.egress[0].ports).toEqual([{ protocol: 'TCP', port: 443 }])
    expect(policy.spec.egress[0].to[0].ipBlock.except).toContain('169.254.0.0/16')
  },
)

/** `secret/key` for all that the manifests refer to; `secret/username=login` for logins. */
function secretsOf(manifests: readonly Manifest[]): Set<string> {
  const found = new Set<string>()
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return
    const { name, key, optional } = value as { name?: string; key?: string; optional?: boolean }
    if (name !== undefined && key !== undefined && optional !== true) found.add(`${name}/${key}`)
    for (const member of Object.values(value)) visit(member)
  }
  visit(manifests)
  for (const { template } of podsOf(manifests)) {
    const { volumes, containers } = template.spec
    const mounted = volumes.find(({ name }: { name: string }) => name === 'secrets')?.secret.secretName as string
    for (const { value } of containers[0].env as { value?: string }[]) {
      const key = /^\/run\/secrets\/paxyo\/(.+)$/.exec(value ?? '')?.[1]
      if (key !== undefined) found.add(`${mounted}/${key}`)
    }
  }
  for (const { spec } of ofKind('Cluster', manifests)) {
    for (const { name, passwordSecret } of spec.managed.roles) {
      if (passwordSecret === undefined) continue
      found.add(`${passwordSecret.name}/username=${name}`).add(`${passwordSecret.name}/password`)
    }
  }
  for (const { spec } of ofKind('Gateway', manifests)) found.add(`${spec.listeners[0].tls.certificateRefs[0].name}/tls`)
  return found
}

test('the how-to creates every secret that the overlay refers to, and no other', () => {
  const commands = HOW_TO.replaceAll(/\\\n\s*/g, '').matchAll(/create secret (generic|tls) (\S+) (.+)/g)
  const created = [...commands].flatMap(([, type, name, options]) => {
    const keys = [...options!.matchAll(/--from-literal=(username=\w+|[\w-]+)/g)].map(([, key]) => key!)
    return (type === 'tls' ? ['tls'] : keys).map((key) => `${name}/${key}`)
  })
  expect(created.toSorted()).toEqual([...secretsOf(rendered.ha)].toSorted())
})

describe('the network', () => {
  const policies = ofKind('NetworkPolicy', rendered.large)
  const policyOf = (name: string): Manifest['spec'] => policies.find(({ metadata }) => metadata.name === name)!.spec
  /** The policies that apply to a pod with these labels. */
  const applyingTo = (labels: Record<string, string>): Manifest[] =>
    policies.filter(({ spec }) => matches(spec.podSelector, labels))
  const matches = (selector: { matchLabels?: Record<string, string> }, labels: Record<string, string>): boolean =>
    Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels[key] === value)
  const labelsOf = (name: string): Record<string, string> =>
    podsOf(rendered.large).find((pod) => pod.name === name)!.template.metadata.labels!

  test('is closed where nothing is said', () => {
    expect(policyOf('default-deny')).toEqual({ podSelector: {}, policyTypes: ['Ingress', 'Egress'] })
  })

  test('lets only the services and the jobs of its owner reach PostgreSQL', () => {
    const postgres = applyingTo({ 'app.kubernetes.io/name': 'postgres' })
    const sources = postgres.flatMap(({ spec }) => spec.ingress ?? []).flatMap(({ from }) => from)
    const may = podsOf(rendered.large).filter(({ template }) =>
      sources.some(
        ({ podSelector, namespaceSelector }) =>
          namespaceSelector === undefined && matches(podSelector, template.metadata.labels!),
      ),
    )
    expect(sources).toHaveLength(1)
    expect(may.map(({ name }) => name).toSorted()).toEqual([
      'cli',
      'maintain',
      'migrate',
      'webhook-ingest',
      'ws-gateway',
    ])
  })

  test('lets the gateway out to PostgreSQL, Redis and DNS alone', () => {
    const out: { ports: { port: number }[] }[] = applyingTo(labelsOf('ws-gateway')).flatMap(
      ({ spec }) => spec.egress ?? [],
    )
    const ports = new Set(out.flatMap((rule) => rule.ports.map(({ port }) => port)))
    expect(ports).toEqual(new Set([53, 5432, 6379]))
    expect(JSON.stringify(out)).not.toContain('ipBlock')
  })

  test('lets webhook-ingest out to the internet by TLS, and to no address of ours', () => {
    const blocks = applyingTo(labelsOf('webhook-ingest'))
      .flatMap(({ spec }) => spec.egress ?? [])
      .filter(({ to }) => to[0].ipBlock !== undefined)
    expect(blocks).toHaveLength(1)
    expect(blocks[0].ports).toEqual([{ protocol: 'TCP', port: 443 }])
    expect(blocks[0].to[0].ipBlock.except).toContain('169.254.0.0/16')
  })

  test('lets everybody in only from the front and from monitoring', () => {
    for (const name of ['webhook-ingest', 'ws-gateway']) {
      const sources = applyingTo(labelsOf(name)).flatMap(({ spec }) => spec.ingress ?? [])
      const allowed = sources.map(({ from, ports }) => [
        (from[0].namespaceSelector ?? from[0].podSelector).matchLabels,
        ports[0].port,
      ])
      expect(allowed).toEqual([
        [{ 'paxyo/front': 'true' }, 8080],
        [{ 'paxyo/monitoring': 'true' }, 9464],
        ...(name === 'webhook-ingest' ? [[{ 'app.kubernetes.io/name': 'cli' }, 8080]] : []),
      ])
    }
  })

  test('lets the command line reach what its commands need: PostgreSQL, Redis, the panel API and the provider', () => {
    const out = applyingTo(labelsOf('cli')).flatMap(({ spec }) => spec.egress ?? []) as {
      to: { podSelector?: { matchLabels?: Record<string, string> }; ipBlock?: object }[]
      ports: { port: number }[]
    }[]
    const goals = out.map(({ to, ports }) => [
      to[0]!.podSelector?.matchLabels?.['app.kubernetes.io/name'] ?? 'internet',
      ports.at(-1)!.port,
    ])
    expect(goals).toEqual(
      expect.arrayContaining([
        ['postgres', 5432],
        ['redis', 6379],
        ['webhook-ingest', 8080],
        ['internet', 443],
      ]),
    )
  })
})

describe('the way in', () => {
  test.each([
    ['small', 'Ingress'],
    ['large', 'HTTPRoute'],
  ] as const)('of %s is an %s to ports that services have, and metrics are on none of them', (overlay, kind) => {
    const services = ofKind('Service', rendered[overlay])
    const routes = ofKind(kind, rendered[overlay])
    expect(routes.map(({ metadata }) => metadata.name).toSorted()).toEqual(['webhook-ingest', 'ws-gateway'])
    const backends = [...JSON.stringify(routes).matchAll(/"name":"([\w-]+)","port":(?:\{"name":"(\w+)"\}|(\d+))/g)]
    expect(backends.length).toBeGreaterThanOrEqual(3)
    for (const [, name, portName, port] of backends) {
      const { ports } = services.find(({ metadata }) => metadata.name === name)!.spec
      const found = ports.find(
        (given: { name: string; port: number }) => given.name === portName || String(given.port) === port,
      )
      expect(found).toMatchObject({ name: 'http', targetPort: 'http' })
    }
  })

  test('keeps WebSockets open for longer than the pings are apart', () => {
    const annotations = (
      ofKind('Ingress').find(({ metadata }) => metadata.name === 'ws-gateway')!.metadata as unknown as {
        annotations: Record<string, string>
      }
    ).annotations
    expect(Number(annotations['nginx.ingress.kubernetes.io/proxy-read-timeout'])).toBeGreaterThan(2 * 25)
    const route = ofKind('HTTPRoute').find(({ metadata }) => metadata.name === 'ws-gateway')!
    expect(route.spec.rules[0].timeouts).toEqual({ request: '0s', backendRequest: '0s' })
  })
})

describe('what watches over it', () => {
  test('Grafana is given every dashboard, as it is, in a ConfigMap that can be applied', () => {
    const maps = ofKind('ConfigMap', rendered.large).filter(
      ({ metadata }) => metadata.labels?.['grafana_dashboard'] === '1',
    ) as unknown as { data: Record<string, string> }[]
    const dashboards = maps.flatMap(({ data }) => Object.entries(data))
    expect(maps).toHaveLength(DASHBOARDS.length)
    expect(Object.fromEntries(dashboards)).toEqual(
      Object.fromEntries(DASHBOARDS.map((dashboard) => [`${dashboard.uid}.json`, grafanaJson(dashboard)])),
    )
    for (const map of maps) expect(JSON.stringify(map).length).toBeLessThan(APPLIED_BYTES_MAX)
  })

  test('dashboards ask the Prometheus that there is, whatever it is called', () => {
    for (const dashboard of DASHBOARDS) {
      const { templating, panels } = JSON.parse(grafanaJson(dashboard)) as {
        templating: { list: { name: string; type: string; query: string }[] }
        panels: { datasource: { uid: string } }[]
      }
      expect(templating.list).toMatchObject([{ name: 'datasource', type: 'datasource', query: 'prometheus' }])
      expect(new Set(panels.map(({ datasource }) => datasource.uid))).toEqual(new Set(['${datasource}']))
    }
  })

  test('Prometheus finds the port of metrics at both services, by the names that the alerts go by', () => {
    const [monitor] = ofKind('ServiceMonitor', rendered.large)
    const { values } = monitor!.spec.selector.matchExpressions[0]
    const services = ofKind('Service', rendered.large)
    const names = services.map(({ metadata }) => metadata.labels!['app.kubernetes.io/name']!)
    expect(names.toSorted()).toEqual(values)
    for (const { metadata, spec } of services) {
      expect(metadata.name).toBe(metadata.labels!['app.kubernetes.io/name'])
      expect(spec.ports.map(({ name }: { name: string }) => name)).toContain(monitor!.spec.endpoints[0].port)
    }
    expect(ofKind('PrometheusRule', rendered.large)).toHaveLength(1)
  })

  test('maintenance runs more than once before its absence is told of', () => {
    for (const overlay of OVERLAYS) {
      const job = ofKind('CronJob', rendered[overlay]).find(({ metadata }) => metadata.name === 'maintain')
      expect(job!.spec).toMatchObject({ schedule: '17 3,15 * * *', concurrencyPolicy: 'Forbid', timeZone: 'Etc/UTC' })
    }
  })
})

test('what the README applies first is the Job that migrates, and nothing else', () => {
  const [, key, value] = /apply -k \S+ -l ([^=]+)=(\S+)$/m.exec(README)!
  for (const overlay of OVERLAYS) {
    const chosen = rendered[overlay].filter(({ metadata }) => metadata.labels?.[key!] === value)
    expect(chosen.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual(['Job migrate'])
  }
})

test('the autoscaler and the deployment do not both say how many', () => {
  expect(ofKind('Deployment', rendered.large).filter(({ spec }) => spec.replicas !== undefined)).toEqual([])
  expect(ofKind('Deployment', rendered.small).map(({ spec }) => spec.replicas)).toEqual([2, 2])
  const autoscalers = ofKind('HorizontalPodAutoscaler', rendered.large)
  expect(autoscalers.map(({ metadata }) => metadata.name).toSorted()).toEqual(['webhook-ingest', 'ws-gateway'])
  for (const { spec } of autoscalers) {
    const resources = spec.metrics.flatMap(({ resource }: { resource?: { name: string } }) => resource?.name ?? [])
    expect(resources).toEqual(['cpu'])
  }
  const gateway = ofKind('HorizontalPodAutoscaler').find(({ metadata }) => metadata.name === 'ws-gateway')
  const metric = gateway!.spec.metrics[0].pods.metric.name
  expect(readFileSync(join(ROOT, 'infra/docs/metrics.md'), 'utf8')).toContain(`\`${metric}\``)
})
