export { registerDemoPanel, type DemoPanelOptions } from './demo-panel.ts'
export { mintDemoToken, type DemoTokenOptions } from './demo-token.ts'
export { type DemoAction, type DemoActions } from './demo-actions.ts'
