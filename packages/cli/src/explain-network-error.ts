import { Failure } from './failure.ts'

/** An address that can be shown. */
export function withoutPassword(url: URL): string {
  const shown = new URL(url)
  shown.password = ''
  shown.search = ''
  return shown.href.replace(/\/$/, '')
}

/** Explains Node's network errors; `variable` is the source of the address. */
export function explainNetworkError(error: unknown, server: string, url: URL, variable: string): Failure | undefined {
  const host = url.host || url.hostname
  const reach = (message: string, hint: string): Failure => new Failure('unreachable', message, hint, { cause: error })
  switch (codeOf(error)) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return reach(`unknown host ${url.hostname}`, `Correct the host in ${variable}, or check the name server.`)
    case 'ECONNREFUSED':
      return reach(
        `connection refused at ${host}: ${server} does not listen there`,
        `Start ${server}, or correct host and port in ${variable}.`,
      )
    case 'ETIMEDOUT':
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return reach(
        `${host} cannot be reached within the time limit`,
        `Check the network and the firewall, or correct ${variable}.`,
      )
    case 'ECONNRESET':
    case 'EPIPE':
      return reach(`${server} at ${host} closed the connection`, 'Check its log.')
    case undefined:
      break
  }
  if (/timeout|timed out/i.test((error as Error).message)) {
    return reach(`${server} at ${host} did not respond in time`, `Check the network, or correct ${variable}.`)
  }
  return undefined
}

/** Node's error code; that of the first address when several were tried. */
function codeOf(error: unknown): string | undefined {
  const { code, errors, cause } = error as { code?: string; errors?: unknown[]; cause?: unknown }
  if (code !== undefined) return code
  if (Array.isArray(errors) && errors.length > 0) return codeOf(errors[0])
  return cause === undefined ? undefined : codeOf(cause)
}
