import { failed, ok, skipped, warning, type Diagnostic } from '@paxyo/database/diagnostic'
import { tokenPath } from '../panel-files.ts'
import { reasonOf, requestPublic } from './public-request.ts'
import type { CheckSubject } from './subject.ts'

/** The panel's route: without a session it must give no token. */
export async function checkTokenRoute({ choices, ca }: CheckSubject): Promise<Diagnostic> {
  const url = new URL(tokenPath(choices), choices.panelOrigin)
  if (url.protocol !== 'https:') return skipped('token-route', `${url.href} is not https`)
  try {
    const { status, body } = await requestPublic(url, { ca })
    if (status === 401 || status === 403) return ok('token-route', `${url.href} gives no token without a session`)
    if (status === 404) {
      return failed(
        'token-route',
        `${url.href} does not exist`,
        'Put the written token.php there, or adapt data-token-url.',
      )
    }
    if (status === 200 && body.includes('token')) {
      return failed(
        'token-route',
        `${url.href} gives a token without a session`,
        'Take the user from the session only.',
      )
    }
    return warning('token-route', `${url.href} responds ${status}`, 'Without a session it should respond 401.')
  } catch (error) {
    return failed('token-route', `${url.href}: ${reasonOf(error)}`, 'The panel must be reachable by its own name.')
  }
}
