import { ORDER_STATUSES } from '@paxyo/contracts/data'
import { can } from '../data/session.ts'
import { t } from '../kit/language.ts'
import { statusName } from './basic.tsx'

export type Meaning = (typeof ORDER_STATUSES)[number] | 'ignore'

/** Every later update with the word would refund: an owner decides that. */
const isRefunding = (status: string): boolean => status === 'canceled' || status === 'partial'

/** What a word can mean, as far as the role allows it. */
export const MeaningSelect = ({ meaning }: { meaning: { value: Meaning | '' } }) => (
  <div class="field">
    <label for="field-meaning">{t('mapWord.meaning')}</label>
    <select
      id="field-meaning"
      name="meaning"
      value={meaning.value}
      onChange={(event) => (meaning.value = event.currentTarget.value as Meaning)}
    >
      <option value="">{t('mapWord.choose')}</option>
      {ORDER_STATUSES.filter((status) => !isRefunding(status) || can('operators')).map((status) => (
        <option key={status} value={status}>
          {statusName(status)}
        </option>
      ))}
      <option value="ignore">{t('mapWord.ignore')}</option>
    </select>
  </div>
)
