import { t } from '../kit/language.ts'
import { Screen } from '../parts/basic.tsx'

export const Refunds = () => <Screen title={t('refunds.title')}>{null}</Screen>
