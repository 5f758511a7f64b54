import { textOf } from '../kit/language.ts'
import { sendProblemOf } from '../state/send-problem.ts'

/** Why the panel's server did not get a webhook: in words, with the error for developers as its title. */
export const SendError = ({ error }: { error: string }) => {
  const problem = sendProblemOf(error)
  const words = problem && textOf('sendProblem', problem.code, { status: problem.status })
  return (
    <bdi class="breakable" title={error}>
      {words ?? error}
    </bdi>
  )
}
