export { gatewayVariables, keyServerProblems, limitsOf } from './config.ts'
export { createGateway, GATEWAY_POOL_MAX, type Gateway, type GatewayDeps } from './gateway.ts'
