/** Alerts that this script cannot make fire, and why. */
export const WITHOUT_SCENARIO: Readonly<Record<string, string>> = {}
