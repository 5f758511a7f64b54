/** Alerts that this script cannot make fire, and why. */
export const WITHOUT_SCENARIO: Readonly<Record<string, string>> = {
  PaxyoTokensRejected:
    'it needs more than twenty invalid tokens within its range, and an address is throttled after twenty a minute: with shorter times it cannot fire',
}
