export { createGodOfPanel, type GodOfPanel, type GodOfPanelOptions } from './godofpanel.ts'
export { STATUS_WORDS } from './status-words.ts'
export type { GodOfPanelClient, GodOfPanelClientOptions, OrderToPlace } from './client/provider-client.ts'
export type { ProviderBalance, ProviderService } from './client/responses.ts'
