import { t } from '../kit/language.ts'
import { Screen } from '../parts/basic.tsx'

export const SetUp = () => <Screen title={t('setup.title')}>{null}</Screen>
