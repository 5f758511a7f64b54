export { createFormat, type Format } from './format.ts'
export { LOCALES, type Messages } from './locales.ts'
export { directionOf, fill, isMessageName, toMessages } from './messages.ts'
export { addMoney } from './money.ts'
