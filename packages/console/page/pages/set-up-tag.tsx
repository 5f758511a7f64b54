import { scriptTag } from '@paxyo/web-server'
import { useSignal } from '@preact/signals'
import { liveState, online } from '../data/live.ts'
import { checkTag } from '../data/check-tag.ts'
import { t } from '../kit/language.ts'
import { Button, Code, Field, Panel, Problem, type Tone } from '../parts/basic.tsx'
import { Check } from '../parts/checks.tsx'
import { CopyButton } from '../parts/copy.tsx'
import { useRequest } from '../parts/request.ts'
import { tagChecks, type TagCheck, type TagResult } from '../state/tag-checks.ts'

export const CHECK_TONES = { done: 'good', open: 'warn', waiting: 'quiet' } as const satisfies Record<string, Tone>

const toUrl = (text: string, base?: string): URL | undefined =>
  URL.canParse(text, base) && /^https?:$/.test(new URL(text, base).protocol) ? new URL(text, base) : undefined

/** The tag for the panel's pages, and a test of it in this browser. */
export const ScriptTagPanel = () => {
  const gateway = useSignal(location.origin)
  const page = useSignal(location.origin)
  const tokenUrl = useSignal('/token.php')
  const balanceUrl = useSignal('/balance.php')
  const balance = balanceUrl.value.trim()
  const tag = scriptTag({
    gateway: gateway.value.trim(),
    tokenUrl: tokenUrl.value.trim(),
    balanceUrl: balance === '' ? undefined : balance,
  })
  return (
    <Panel title={t('setup.tag')}>
      <p>{t('setup.tagDetail')}</p>
      <div class="set-up-fields">
        <Field label={t('setup.gateway')} name="gateway" type="url" autocomplete="off" dir="ltr" bind={gateway} />
        <Field
          label={t('setup.page')}
          hint={t('setup.pageHint')}
          name="page"
          type="url"
          autocomplete="off"
          dir="ltr"
          bind={page}
        />
        <Field
          label={t('setup.tokenUrl')}
          hint={t('setup.tokenUrlHint')}
          name="token-url"
          autocomplete="off"
          dir="ltr"
          bind={tokenUrl}
        />
        <Field
          label={t('setup.balanceUrl')}
          hint={t('setup.balanceUrlHint')}
          name="balance-url"
          autocomplete="off"
          dir="ltr"
          bind={balanceUrl}
        />
      </div>
      <p class="copy-line">
        <Code>{tag}</Code>
        <CopyButton text={tag} label={t('setup.copyTag')} />
      </p>
      <TagTest gateway={gateway.value.trim()} page={page.value.trim()} tokenUrl={tokenUrl.value.trim()} />
    </Panel>
  )
}

interface TagTestProps {
  readonly gateway: string
  readonly page: string
  readonly tokenUrl: string
}

/** The page's policy allows requests to its own host: another gateway is tested by the console at that host. */
const TagTest = ({ gateway, page, tokenUrl }: TagTestProps) => {
  const result = useSignal<TagResult | undefined>(undefined)
  const request = useRequest()
  const [gatewayUrl, pageUrl] = [toUrl(gateway), toUrl(page)]
  const token = toUrl(tokenUrl, page)
  if (gatewayUrl === undefined || pageUrl === undefined || token === undefined) {
    return <p class="field-problem">{t('setup.addressWrong')}</p>
  }
  if (gatewayUrl.host !== location.host) return <p class="hint">{t('setup.otherHost', { host: gatewayUrl.host })}</p>
  const checks = tagChecks({
    result: result.value,
    origin: location.origin,
    panelOrigin: pageUrl.origin,
    isLive: liveState.value === 'live',
    isPageConnected: (online.value?.connections ?? 0) > 0,
  })
  const values = { origin: pageUrl.origin, url: token.href, reason: result.value?.rejection ?? '' }
  return (
    <div class="tag-test">
      <div class="buttons">
        <Button
          isBusy={request.isBusy.value}
          onClick={() => void request.run(async () => (result.value = await checkTag(gatewayUrl, token)))}
        >
          {t('setup.testTag')}
        </Button>
        <a href={pageUrl.href} target="_blank" rel="noopener noreferrer">
          {t('setup.openPage')}
        </a>
      </div>
      <Problem problem={request.problem.value} />
      <ul class="checks" role="status" aria-label={t('setup.testTag')}>
        {checks.map((check) => (
          <TagCheckView key={check.name} check={check} values={values} />
        ))}
      </ul>
    </div>
  )
}

const TagCheckView = ({ check, values }: { check: TagCheck; values: Readonly<Record<string, string>> }) => (
  <Check
    name={check.name}
    state={check.state}
    tone={CHECK_TONES[check.state]}
    verdict={t(check.state === 'waiting' ? 'setup.untested' : `setup.${check.state}`)}
    fix={check.fix && t(check.fix, values)}
  >
    <strong>{t(`checkTag.${check.name}`, values)}</strong>
  </Check>
)
