export const RefundsTile = () => null
