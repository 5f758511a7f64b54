/** Vulnerabilities of dependencies, one line each. */
export interface AuditResult {
  readonly severe: readonly string[]
  readonly others: readonly string[]
}

interface Advisory {
  readonly severity: string
  readonly module_name: string
  readonly title: string
  readonly url: string
}

const SEVERE = new Set(['high', 'critical'])

/**
 * Reads the output of `pnpm audit --json`.
 *
 * @returns undefined when it is not the result of an audit, but an error.
 */
export function readAudit(output: string): AuditResult | undefined {
  const advisories = advisoriesOf(output)
  if (advisories === undefined) return undefined
  const lines = (isWanted: (advisory: Advisory) => boolean): string[] =>
    advisories
      .filter(isWanted)
      .map((advisory) => `${advisory.severity}: ${advisory.module_name}: ${advisory.title} ${advisory.url}`)
  return {
    severe: lines(({ severity }) => SEVERE.has(severity)),
    others: lines(({ severity }) => !SEVERE.has(severity)),
  }
}

function advisoriesOf(output: string): readonly Advisory[] | undefined {
  try {
    const { advisories } = JSON.parse(output) as { readonly advisories?: Readonly<Record<string, Advisory>> }
    return advisories === undefined ? undefined : Object.values(advisories)
  } catch {
    return undefined
  }
}
