import { chooseLanguage, language, LANGUAGES, t, type Language } from '../kit/language.ts'

export const LanguageSelect = () => (
  <label class="language">
    <span class="visually-hidden">{t('shell.language')}</span>
    <select value={language()} onChange={(event) => void chooseLanguage(event.currentTarget.value as Language)}>
      {Object.entries(LANGUAGES).map(([tag, name]) => (
        <option key={tag} value={tag} lang={tag}>
          {name}
        </option>
      ))}
    </select>
  </label>
)
