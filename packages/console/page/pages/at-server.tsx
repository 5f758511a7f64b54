import type { OutgoingWebhookView } from '@paxyo/panel-client'
import { webhooksSent } from '../data/changes.ts'
import { useList } from '../data/pages.ts'
import { t } from '../kit/language.ts'
import { Ago, Panel } from '../parts/basic.tsx'
import { WebhookLink, WebhookState } from '../parts/outgoing-webhook.tsx'
import { SendError } from '../parts/send-error.tsx'
import { ListTable } from '../parts/table.tsx'

/** The outgoing webhooks about an order, and whether the panel's server has received them. */
export const AtServer = ({ orderId }: { orderId: string }) => {
  const list = useList<OutgoingWebhookView>(
    '/v1/outgoing-webhooks',
    { subject: `order ${orderId}` },
    { concerns: webhooksSent, idOf: (webhook) => webhook.webhookId },
  )
  return (
    <Panel title={t('order.atServer')}>
      <ListTable
        list={list}
        label={t('order.atServer')}
        empty={t('order.noneSent')}
        idOf={(webhook) => webhook.webhookId}
        columns={[
          { title: t('webhooks.type'), cell: (webhook) => <WebhookLink webhook={webhook} /> },
          {
            title: t('column.state'),
            cell: ({ state, lastError }) => (
              <>
                <WebhookState state={state} />{' '}
                {state === 'delivered' || lastError === null ? null : <SendError error={lastError} />}
              </>
            ),
          },
          { title: t('column.time'), cell: ({ settledAt, createdAt }) => <Ago time={settledAt ?? createdAt} /> },
        ]}
      />
    </Panel>
  )
}
