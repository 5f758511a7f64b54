export { registerDemoPanel, type DemoPanelOptions } from './demo-panel.ts'
export { type DemoAction, type DemoActions } from './demo-actions.ts'
