import { apacheConfig, caddyConfig, HOST_PATTERN, hostName, nginxConfig } from '@paxyo/web-server'
import { useSignal } from '@preact/signals'
import { t } from '../kit/language.ts'
import { Field, Panel } from '../parts/basic.tsx'
import { CopyButton } from '../parts/copy.tsx'
import { isLoopback } from '../state/checks.ts'

const SERVERS = {
  nginx: { title: 'nginx', write: nginxConfig },
  apache: { title: 'Apache', write: apacheConfig },
  caddy: { title: 'Caddy', write: caddyConfig },
} as const
type Server = keyof typeof SERVERS

/** Where a page on the machine itself leaves the name to be typed. */
const EXAMPLE_HOST = 'rt.example.com'
const DEFAULT_PORT = '8080'

const isPort = (text: string): boolean => /^\d{1,5}$/.test(text) && Number(text) >= 1 && Number(text) <= 65_535

/** The configuration of the web server in front, as `paxyo setup` writes it. */
export const WebServerPanel = () => {
  const server = useSignal<Server>('nginx')
  const host = useSignal(isLoopback(location.hostname) ? EXAMPLE_HOST : location.host)
  const port = useSignal(DEFAULT_PORT)
  const servesConsole = useSignal(true)
  const name = host.value.trim().toLowerCase()
  const isRight = HOST_PATTERN.test(name) && isPort(port.value.trim())
  return (
    <Panel title={t('setup.webServer')}>
      <p>{t('setup.webServerDetail')}</p>
      <div class="set-up-fields">
        <div class="field">
          <label for="web-server">{t('setup.webServerName')}</label>
          <select
            id="web-server"
            value={server.value}
            onChange={(event) => (server.value = event.currentTarget.value as Server)}
          >
            {Object.entries(SERVERS).map(([key, { title }]) => (
              <option key={key} value={key}>
                {title}
              </option>
            ))}
          </select>
        </div>
        <Field label={t('setup.host')} name="host" autocomplete="off" dir="ltr" bind={host} />
        <Field label={t('setup.port')} name="port" inputMode="numeric" autocomplete="off" dir="ltr" bind={port} />
      </div>
      <label class="choice">
        <input
          type="checkbox"
          checked={servesConsole.value}
          onChange={(event) => (servesConsole.value = event.currentTarget.checked)}
        />
        {t('setup.servesConsole')}
      </label>
      {isRight ? (
        <Configuration
          text={SERVERS[server.value].write({
            host: name,
            port: Number(port.value.trim()),
            cert: `/etc/letsencrypt/live/${hostName({ host: name })}/fullchain.pem`,
            key: `/etc/letsencrypt/live/${hostName({ host: name })}/privkey.pem`,
            servesConsole: servesConsole.value,
          })}
        />
      ) : (
        <p class="field-problem">{t('setup.hostWrong')}</p>
      )}
    </Panel>
  )
}

const Configuration = ({ text }: { text: string }) => (
  <>
    <pre class="body" dir="ltr" tabIndex={0} role="group" aria-label={t('setup.webServer')}>
      {text}
    </pre>
    <div class="buttons">
      <CopyButton text={text} label={t('setup.copyWebServer')} />
    </div>
  </>
)
