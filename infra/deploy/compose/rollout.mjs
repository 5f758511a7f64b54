// Replaces the containers of a service with new ones of the current image and configuration, without an interruption:
//
//   npm run rollout                     HAProxy's configuration, webhook-ingest, ws-gateway, and then what has no clients
//   npm run rollout -- ws-gateway
//
// It starts the new containers first. When they are ready and HAProxy has found them, it stops the old ones, one at a time:
// webhook-ingest drains its requests, a gateway its connections.
// Runs on Node 18 and newer.
import { spawnSync } from 'node:child_process'
import { statSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'

const SERVICES = ['webhook-ingest', 'ws-gateway']
/** They are simply replaced. The last two read their rules, which a new version may have changed, only when they start. */
const WITHOUT_CLIENTS = ['maintain', 'exporter', 'prometheus', 'alertmanager']
const READY_TIMEOUT_MS = 120_000
/** HAProxy queries Docker's DNS each second, and needs one successful check. */
const DISCOVERY_MS = 4_000
/** Longer than the longest drain. */
const STOP_TIMEOUT_S = 620

const root = fileURLToPath(new URL('../../..', import.meta.url))
function docker(...args) {
  const { status, stdout, stderr, error } = spawnSync('docker', args, { cwd: root, encoding: 'utf8' })
  if (status === 0) return stdout
  const reason = error?.message ?? stderr.trim().split('\n').at(-1)
  throw new Error(`docker ${args.join(' ')}: ${reason}`)
}
const containersOf = (service, ...options) =>
  docker('compose', 'ps', '-q', ...options, service)
    .split('\n')
    .filter(Boolean)
const healthOf = (container) => docker('inspect', '--format', '{{.State.Health.Status}}', container).trim()

const isAll = process.argv.length === 2
const services = isAll ? SERVICES : process.argv.slice(2)
const unknown = services.filter((service) => !SERVICES.includes(service))
if (unknown.length > 0) {
  console.error(`${unknown.join(', ')}: only ${SERVICES.join(' and ')} can be rolled out`)
  process.exit(1)
}
try {
  // First: the clients of the gateways then reconnect to the new process, and the old one ends.
  if (isAll) reloadHaproxy()
  for (const service of services) await rollOut(service)
  const running = docker('compose', 'ps', '--services').split('\n')
  for (const service of isAll ? WITHOUT_CLIENTS : []) {
    if (!running.includes(service)) continue
    docker('compose', 'up', '--detach', '--no-deps', '--no-build', '--force-recreate', service)
  }
} catch (error) {
  console.error(error.message)
  process.exit(1)
}

/** Only with a changed configuration: for a moment the new process knows no server. */
function reloadHaproxy() {
  const changedAtMs = statSync(new URL('haproxy/haproxy.cfg', import.meta.url)).mtimeMs
  for (const container of containersOf('haproxy')) {
    const startedAtMs = Date.parse(docker('inspect', '--format', '{{.State.StartedAt}}', container).trim())
    if (changedAtMs > startedAtMs) docker('compose', 'kill', '-s', 'USR2', 'haproxy')
  }
}

async function rollOut(service) {
  const running = containersOf(service)
  if (running.length === 0) throw new Error(`${service} is not running`)
  // Also stopped ones, such as one that an interrupted rollout left: `up` starts them again, and they have the old image.
  const old = containersOf(service, '--all')
  const scale = `${service}=${old.length + running.length}`
  docker('compose', 'up', '--detach', '--no-deps', '--no-recreate', '--no-build', '--scale', scale, service)
  const added = containersOf(service).filter((container) => !old.includes(container))
  try {
    await becomeReady(service, added)
  } catch (error) {
    // The old containers keep running.
    if (added.length > 0) docker('rm', '--force', ...added)
    throw error
  }
  await sleep(DISCOVERY_MS)
  for (const container of old) {
    docker('stop', '--time', String(STOP_TIMEOUT_S), container)
    docker('rm', container)
  }
  console.log(`${service}: ${running.length} replaced`)
}

async function becomeReady(service, containers) {
  const deadline = Date.now() + READY_TIMEOUT_MS
  while (containers.some((container) => healthOf(container) !== 'healthy')) {
    if (Date.now() > deadline)
      throw new Error(`${service}: the new containers are not ready; the old ones keep running`)
    await sleep(500)
  }
}
