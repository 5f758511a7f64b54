export { createDemoActions } from './demo-actions.ts'
export { startDemoProvider } from './demo-provider.ts'
export { DEMO_USER, prepareDemo, type DemoDeps } from './demo.ts'
export { createPanelApi, type PanelApi } from './panel-api.ts'
