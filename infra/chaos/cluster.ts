import { allStarted, ROOT, startService, TEST_JWT_SECRET, type ServiceName, type ServiceProcess } from '@paxyo/testkit'

export const PANEL_KEY = 'a-panel-api-key'

const FAILED_STARTS_MAX = 20

/** A service that is restarted, at another address, after it has ended. */
export interface Member {
  readonly name: ServiceName
  /** Undefined while it is down. */
  service: ServiceProcess | undefined
  /** The folder of the version that starts. */
  root: string
}

/** The services of an installation. */
export interface Members {
  readonly ingests: readonly Member[]
  readonly gateways: readonly Member[]
  /** The errors of services that did not start, and were started again. */
  readonly failedStarts: readonly string[]
  /** Restarts a service. */
  restart(member: Member, signal: NodeJS.Signals): Promise<void>
}

/** All parts of a real installation, each of which can fail separately. */
export interface Cluster extends Members, AsyncDisposable {
  /** The owner's connection string to the primary, without proxies; changes when a server restarts. */
  postgresUrl(): Promise<string>
}

/**
 * @param env the addresses of the servers; or a function, when they differ for the members of a service.
 * @param root the folder of their version.
 */
export async function startMembers(
  env: Readonly<Record<string, string>> | ((index: number) => Readonly<Record<string, string>>),
  size: number,
  cleanups: AsyncDisposableStack,
  root = ROOT,
): Promise<Members> {
  const variablesOf = (index: number): Record<string, string> => ({
    PANEL_API_KEYS: PANEL_KEY,
    JWT_SECRETS: TEST_JWT_SECRET,
    ALLOWED_ORIGINS: '*',
    DRAIN_SECONDS: '1',
    LOG_LEVEL: 'info',
    ...(typeof env === 'function' ? env(index) : env),
  })
  const failedStarts: string[] = []
  const variables = new Map<Member, Record<string, string>>()
  const start = async (name: ServiceName, index: number): Promise<Member> => {
    const member: Member = { name, service: await startService(name, variablesOf(index), root), root }
    variables.set(member, variablesOf(index))
    cleanups.defer(async () => void (await member.service?.end('SIGKILL')))
    return member
  }
  const startAll = (name: ServiceName): Promise<Member>[] =>
    Array.from({ length: size }, (_, index) => start(name, index))
  const members = await allStarted([...startAll('webhook-ingest'), ...startAll('ws-gateway')])
  return {
    ingests: members.slice(0, size),
    gateways: members.slice(size),
    failedStarts,
    async restart(member, signal) {
      const { service } = member
      if (service === undefined) return
      member.service = undefined
      await service.end(signal)
      while (member.service === undefined) {
        const { name, root: from } = member
        // As a supervisor starts it again.
        member.service = await startService(name, variables.get(member)!, from).catch((error: Error) => {
          if (failedStarts.push(error.message) > FAILED_STARTS_MAX) throw error
          return undefined
        })
      }
    },
  }
}
