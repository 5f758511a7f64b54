import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { DASHBOARDS, grafanaJson } from './dashboards.ts'

/** Files that follow from others here; a test holds them to it. By their path from this folder. */
export function generatedFiles(): Map<string, string> {
  const files = DASHBOARDS.map(
    (dashboard) => [`grafana/dashboards/${dashboard.uid}.json`, grafanaJson(dashboard)] as const,
  )
  return new Map([...files, ['../k8s/components/monitoring/prometheus-rule.yaml', prometheusRule()]])
}

/** The alert rules as Kubernetes' Prometheus operator wants them. */
function prometheusRule(): string {
  const rules = readFileSync(new URL('alerts.yml', import.meta.url), 'utf8')
  const groups = rules.slice(rules.indexOf('groups:')).trimEnd()
  const indented = groups.replaceAll(/^(?=.)/gm, '  ')
  return `# Made by infra/deploy/observability/generate.ts from alerts.yml.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: paxyo
spec:
${indented}
`
}

if (import.meta.main) {
  for (const [path, text] of generatedFiles()) {
    const file = fileURLToPath(new URL(path, import.meta.url))
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
}
