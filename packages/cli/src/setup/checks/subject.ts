import type { Choices } from '../choices.ts'
import type { SetupSecrets } from '../env-file.ts'

/** What the checks are about. */
export interface CheckSubject {
  readonly choices: Choices
  readonly secrets: SetupSecrets
  /** The certificate authority, PEM, where it is not a public one. */
  readonly ca: string | undefined
}
