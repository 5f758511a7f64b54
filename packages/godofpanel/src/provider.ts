/** What this provider is called in the database. */
export const PROVIDER = 'godofpanel'
