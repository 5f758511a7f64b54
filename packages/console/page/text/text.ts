/** The forms of a text that depends on a count, as `Intl.PluralRules` names them. */
export type PluralForms = Readonly<{ other: string } & Partial<Record<Exclude<Intl.LDMLPluralRule, 'other'>, string>>>

/** A text of the page. `{name}` is replaced by a value. */
export type Text = string | PluralForms
