import { formatMoney } from '@paxyo/order-core'
import type { AccountWrite } from '../../src/account-writes/account-writes.ts'
import { actionNeeds, actOnOrder, type OrderAction } from '../../src/account-writes/act-on-order.ts'
import { deposit, depositNeeds, type Deposit } from '../../src/account-writes/deposit.ts'
import type { Account } from '../../src/model/working-set.ts'

const toBody = ({ balance, lastSeq }: Account) => ({ balance: formatMoney(balance), seq: lastSeq })

/** A write that responds with the balance and the seq of the account. */
export const aDeposit = (payment: Deposit): AccountWrite => ({
  needs: depositNeeds(payment),
  decide(tx) {
    const done = deposit(tx, payment)
    return typeof done === 'string' ? done : { status: 201, body: toBody(done.account), isReplay: done.isReplay }
  },
})

/** A write that responds with the balance and the seq of the account. */
export const anAction = (orderId: string, action: OrderAction): AccountWrite => ({
  needs: actionNeeds(orderId, action),
  decide(tx) {
    const done = actOnOrder(tx, orderId, action)
    return typeof done === 'string' ? done : { status: 200, body: toBody(done.account) }
  },
})
