import { failed, ok, skipped, warning, type Diagnostic } from '../../doctor/diagnostic.ts'
import { balancePath, tokenPath } from '../panel-files.ts'
import { reasonOf, requestPublic } from './public-request.ts'
import type { CheckSubject } from './subject.ts'

/** The panel's routes for its pages: without a session they must give nothing. */
export async function checkPanelRoutes(subject: CheckSubject): Promise<Diagnostic[]> {
  const { choices } = subject
  const token = await checkRoute(subject, 'token', tokenPath(choices))
  return choices.balance === 'kept' ? [token] : [token, await checkRoute(subject, 'balance', balancePath(choices))]
}

async function checkRoute({ choices, ca }: CheckSubject, name: 'token' | 'balance', path: string): Promise<Diagnostic> {
  const check = `${name}-route`
  const url = new URL(path, choices.panelOrigin)
  if (url.protocol !== 'https:') return skipped(check, `${url.href} is not https`)
  try {
    const { status, body } = await requestPublic(url, { ca })
    if (status === 401 || status === 403) return ok(check, `${url.href} gives no ${name} without a session`)
    if (status === 404) {
      const hint = `Put the written ${name}.php there, or adapt data-${name}-url.`
      return failed(check, `${url.href} does not exist`, hint)
    }
    if (status === 200 && body.includes(`"${name}"`)) {
      return failed(check, `${url.href} gives a ${name} without a session`, 'Take the user from the session only.')
    }
    return warning(check, `${url.href} responds ${status}`, 'Without a session it should respond 401.')
  } catch (error) {
    return failed(check, `${url.href}: ${reasonOf(error)}`, 'The panel must be reachable by its own name.')
  }
}
