import type { Signal } from '@preact/signals'
import type { ComponentChildren } from 'preact'

interface Props<Value extends string> {
  readonly legend: string
  readonly values: readonly Value[]
  /** In the order of the values. */
  readonly chosen: Signal<readonly Value[]>
  readonly text: (value: Value) => ComponentChildren
}

/** Any number of values, each with a tick. */
export const Choices = <Value extends string>({ legend, values, chosen, text }: Props<Value>) => (
  <fieldset class="choices">
    <legend>{legend}</legend>
    {values.map((value) => (
      <label key={value} class="choice">
        <input
          type="checkbox"
          value={value}
          checked={chosen.value.includes(value)}
          onChange={({ currentTarget: { checked } }) => {
            chosen.value = values.filter((one) => (one === value ? checked : chosen.value.includes(one)))
          }}
        />
        <span>{text(value)}</span>
      </label>
    ))}
  </fieldset>
)
