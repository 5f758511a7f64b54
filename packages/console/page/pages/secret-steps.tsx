import { useSignal } from '@preact/signals'
import type { ComponentChildren } from 'preact'
import { useRef } from 'preact/hooks'
import { formatDuration } from '../kit/duration.ts'
import { nowMs } from '../kit/clock.ts'
import { fingerprintOf, newSecret } from '../kit/fingerprint.ts'
import { t } from '../kit/language.ts'
import { Ago, Button, Code, type Tone } from '../parts/basic.tsx'
import { Check } from '../parts/checks.tsx'
import { CopyButton } from '../parts/copy.tsx'
import { InfoDialog } from '../parts/dialog.tsx'
import { KnownBy, secretName } from '../parts/secret.tsx'
import { commandsOf, DEPLOYMENTS, VARIABLES, type Deployment } from '../state/secret-commands.ts'
import {
  rotationOf,
  STEPS,
  unusedMs,
  UNUSED_MS,
  type Rotation,
  type SecretGroup,
  type Step,
  type StepState,
} from '../state/secret-rotation.ts'

interface Props {
  readonly group: SecretGroup
  /** Reads again what the services report. */
  readonly onReload: () => void
  readonly onClose: () => void
}

const TONES: Readonly<Record<StepState, Tone>> = { done: 'good', open: 'warn', waiting: 'busy' }
const NAMES: Readonly<Record<Exclude<Deployment, 'standalone'>, string>> = {
  compose: 'Docker Compose',
  kubernetes: 'Kubernetes',
  systemd: 'systemd',
}

interface Made {
  readonly secret: string
  readonly fingerprint: string
}

/** Replaces a secret in steps, while the services run: each has a tick when they report that it is done. */
export const SecretSteps = ({ group, onReload, onClose }: Props) => {
  const former = useRef(new Set(group.secrets.map(({ fingerprint }) => fingerprint)))
  const made = useSignal<Made | undefined>(undefined)
  const deployment = useSignal<Deployment>('compose')
  const rotation = rotationOf({ group, made: made.value?.fingerprint, former: former.current, nowMs: nowMs.value })
  const make = async (): Promise<void> => {
    const secret = newSecret()
    made.value = { secret, fingerprint: await fingerprintOf(group.kind, secret) }
  }
  const contents: Readonly<Record<Step, ComponentChildren>> = {
    generate: <Generate made={made.value} onMake={() => void make()} />,
    add: (
      <>
        <label class="field">
          <span>{t('rotate.deployment')}</span>
          <select
            value={deployment.value}
            onChange={(event) => (deployment.value = event.currentTarget.value as Deployment)}
          >
            {DEPLOYMENTS.map((name) => (
              <option key={name} value={name}>
                {name === 'standalone' ? t('rotate.standalone') : NAMES[name]}
              </option>
            ))}
          </select>
        </label>
        <Commands text={commandsOf(deployment.value, group.kind, 'add')} label={t('rotate.add')} />
        <p class="hint">{t(`rotate.place-${deployment.value}`, { variable: VARIABLES[group.kind] })}</p>
        {group.kind === 'webhook_tokens' ? <p class="hint">{t('rotate.providersFile')}</p> : null}
      </>
    ),
    known: (
      <>
        {group.secrets.map((secret) => (
          <p key={secret.fingerprint}>
            <Code>{secret.fingerprint}</Code> <KnownBy group={group} secret={secret} />
          </p>
        ))}
        <Button onClick={onReload}>{t('doctor.run')}</Button>
      </>
    ),
    move: (
      <>
        <p>{t(`rotate.move-${group.kind}`)}</p>
        <Unused rotation={rotation} group={group} />
      </>
    ),
    remove: <Commands text={commandsOf(deployment.value, group.kind, 'remove')} label={t('rotate.remove')} />,
  }
  return (
    <InfoDialog title={t('secrets.rotateOne', { name: secretName(group) })} onClose={onClose} isWide>
      <p>{t('rotate.lead')}</p>
      <ol class="checks steps">
        {STEPS.map((step) => (
          <Check
            key={step}
            name={step}
            state={rotation.steps[step]}
            tone={TONES[rotation.steps[step]]}
            verdict={t(`rotate.${rotation.steps[step]}`)}
            fix={contents[step]}
          >
            <strong>{t(`rotate.${step}`)}</strong>
          </Check>
        ))}
      </ol>
      <p role="status">{rotation.steps.remove === 'done' ? t('rotate.complete') : null}</p>
    </InfoDialog>
  )
}

const Generate = ({ made, onMake }: { made: Made | undefined; onMake: () => void }) => (
  <>
    <p>{t('rotate.generateDetail')}</p>
    {made === undefined ? (
      <Button onClick={onMake}>{t('rotate.make')}</Button>
    ) : (
      <p class="copy-line">
        <Code>{made.secret}</Code>
        <CopyButton text={made.secret} label={t('secret.copy')} />
        <span class="hint">
          {t('secrets.fingerprint')} <Code>{made.fingerprint}</Code>
        </span>
      </p>
    )}
  </>
)

const Commands = ({ text, label }: { text: string; label: string }) => (
  <pre class="body" dir="ltr" tabIndex={0} role="group" aria-label={label}>
    {text}
  </pre>
)

/** How long no old one was used, and how long it must be. */
const Unused = ({ rotation: { fresh, old }, group }: { rotation: Rotation; group: SecretGroup }) => {
  if (fresh === undefined || old.length === 0) return null
  return (
    <>
      {old.map(({ fingerprint, lastUsedAt }) => (
        <p key={fingerprint}>
          <Code>{fingerprint}</Code> {t('keys.used')}{' '}
          {lastUsedAt === null ? t('secrets.notUsed') : <Ago time={lastUsedAt} />}
        </p>
      ))}
      <p>
        {t('rotate.unused', {
          duration: formatDuration(unusedMs(fresh, old, nowMs.value)),
          needed: formatDuration(UNUSED_MS[group.kind]),
        })}
      </p>
    </>
  )
}
