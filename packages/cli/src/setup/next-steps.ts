import { hostName, publicUrl } from '@paxyo/web-server'
import { join } from 'node:path'
import type { Choices } from './choices.ts'
import { panelScriptTag } from './panel-files.ts'
import { INSTALLED } from './plan-files.ts'

export interface Step {
  readonly title: string
  readonly commands: readonly string[]
}

/** What to do with the written files, as root. It names no secret: terminals keep what they show. */
export function nextSteps(choices: Choices, folder: string): Step[] {
  const file = (name: string): string => join(folder, name)
  const hasProvidersFile = choices.provider !== 'godofpanel'
  return [
    {
      title: 'Install the service',
      commands: [
        `useradd --system --home-dir ${choices.dataDir} --shell /usr/sbin/nologin paxyo`,
        `install -d -m 0750 -g paxyo ${INSTALLED.folder}`,
        `install -m 0600 ${file('.env')} ${INSTALLED.env}`,
        ...(hasProvidersFile ? [`install -m 0640 -g paxyo ${file('providers.json')} ${INSTALLED.providers}`] : []),
        `install -m 0644 ${file('paxyo.service')} /etc/systemd/system/paxyo.service`,
        'systemctl daemon-reload && systemctl enable --now paxyo',
      ],
    },
    ...proxySteps(choices, file),
    {
      title: 'Connect the panel',
      commands: [
        ...(choices.panel === 'php'
          ? [
              `# ${phpFiles(choices, file)} into the web root, ${file('paxyo-settings.php')} (mode 600, owner www-data) above it`,
              '# Adapt their marked lines to the panel',
            ]
          : ['# Serve a token from /token: infra/docs/how-to/sign-in-browsers.md']),
        `# The tag for its pages: ${panelScriptTag(choices)}`,
        '# To keep its own tables in sync, it receives outgoing webhooks or follows the changes feed: packages/php/README.md',
      ],
    },
    {
      title: "Enter the webhook's URL at the provider",
      commands: [
        `# ${publicUrl(choices)}/webhooks/${choices.provider}/<token>: the token is in ${file(hasProvidersFile ? 'providers.json' : '.env')}`,
      ],
    },
    { title: 'Check it', commands: [`npx paxyo setup --check --folder ${folder}`] },
  ]
}

const phpFiles = ({ balance }: Choices, file: (name: string) => string): string =>
  balance === 'external' ? `${file('token.php')} and ${file('balance.php')} go` : `${file('token.php')} goes`

function proxySteps(choices: Choices, file: (name: string) => string): Step[] {
  const name = hostName(choices)
  const certbot = `certbot certonly --webroot -w /var/www/html -d ${name}`
  switch (choices.proxy) {
    case 'nginx':
      return [
        {
          title: 'Configure nginx',
          commands: [
            certbot,
            `install -m 0644 ${file(`${name}.nginx.conf`)} /etc/nginx/conf.d/${name}.conf`,
            'nginx -t && systemctl reload nginx',
          ],
        },
      ]
    case 'apache':
      return [
        {
          title: 'Configure Apache',
          commands: [
            certbot,
            'a2enmod ssl headers proxy proxy_http',
            `install -m 0644 ${file(`${name}.apache.conf`)} /etc/apache2/sites-available/${name}.conf`,
            `a2ensite ${name} && apache2ctl configtest && systemctl reload apache2`,
          ],
        },
      ]
    case 'caddy':
      return [
        {
          title: 'Configure Caddy',
          commands: [`cat ${file('Caddyfile')} >> /etc/caddy/Caddyfile`, 'systemctl reload caddy'],
        },
      ]
    case 'none':
      return [
        {
          title: 'Get the certificate, readable by the service; a renewal needs no restart',
          commands: [
            `certbot certonly --standalone -d ${name}`,
            `# infra/docs/how-to/run-a-standalone.md has the hook that copies it to ${choices.cert}`,
          ],
        },
      ]
  }
}
