import { formatNumber } from '../kit/format.ts'
import { t } from '../kit/language.ts'
import type { SecretGroup, SecretInUse } from '../state/secret-rotation.ts'

export const secretName = ({ kind, provider }: SecretGroup): string =>
  provider === null ? t(`secretKind.${kind}`) : `${t(`secretKind.${kind}`)} · ${provider}`

/** `webhook-ingest 2/2 · ws-gateway 3/3`. */
export const KnownBy = ({ group, secret }: { group: SecretGroup; secret: SecretInUse }) => (
  <bdi dir="ltr">
    {group.services
      .map(({ service, processes }) => {
        const known = secret.knownBy.find((one) => one.service === service)?.processes ?? 0
        return `${service} ${formatNumber(known)}/${formatNumber(processes)}`
      })
      .join(' · ')}
  </bdi>
)
