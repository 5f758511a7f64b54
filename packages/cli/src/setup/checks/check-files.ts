import { weakSecrets } from '@paxyo/service-kit'
import { stat } from 'node:fs/promises'
import { failed, ok, type Diagnostic } from '@paxyo/database/diagnostic'
import { apiUrl } from '../choices.ts'
import { reasonOf, requestPublic, TIMEOUT_MS } from './public-request.ts'
import type { CheckSubject } from './subject.ts'

const OTHERS = 0o077

/** Secrets are random, and only their owner can read them. */
export async function checkSecrets(
  path: string,
  { secrets: { webhookToken, panelKey, jwtSecret } }: CheckSubject,
): Promise<Diagnostic> {
  const { mode } = await stat(path)
  if ((mode & OTHERS) !== 0) return failed('secrets', `other users can read ${path}`, `Run: chmod 600 ${path}`)
  const weak = [
    ...weakSecrets('WEBHOOK_TOKENS', [webhookToken]),
    ...weakSecrets('PANEL_API_KEYS', [panelKey]),
    ...weakSecrets('JWT_SECRETS', [jwtSecret]),
  ]
  return weak.length === 0
    ? ok('secrets', `${path} is readable by its owner only, and its secrets are random`)
    : failed('secrets', weak.join('; '), 'Replace them: openssl rand -hex 32.')
}

/** The service itself, without the web server in front. */
export async function checkService({ choices, ca }: CheckSubject): Promise<Diagnostic> {
  const url = new URL('/readyz', apiUrl(choices))
  const hint = 'Start it: systemctl enable --now paxyo. Its log: journalctl -u paxyo -e.'
  try {
    const { status, body } = url.protocol === 'https:' ? await requestPublic(url, { ca }) : await requestLocal(url)
    return status === 200
      ? ok('service', `Paxyo at ${url.origin} is ready`)
      : failed('service', `${url.href} responds ${status}: ${body.slice(0, 200)}`, hint)
  } catch (error) {
    return failed('service', `Paxyo does not respond at ${url.origin}: ${reasonOf(error)}`, hint)
  }
}

async function requestLocal(url: URL): Promise<{ status: number; body: string }> {
  const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) })
  return { status: response.status, body: await response.text() }
}
