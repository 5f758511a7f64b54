/** An element of index.html, of a given tag if one is given. */
export function byId(id: string): HTMLElement
export function byId<Tag extends keyof HTMLElementTagNameMap>(id: string, tag: Tag): HTMLElementTagNameMap[Tag]
export function byId(id: string, tag?: string): HTMLElement {
  const found = document.getElementById(id)
  if (found === null || (tag !== undefined && found.localName !== tag)) throw new Error(`the page has no ${tag} ${id}`)
  return found
}

export interface ElementOptions {
  readonly className?: string
  readonly text?: string
  readonly role?: string
  readonly data?: Readonly<Record<string, string>>
  readonly label?: string
}

/** Creates an element. Text is never parsed as HTML: the content of orders comes from users. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  { className, text, role, data, label }: ElementOptions = {},
  ...children: (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const created = document.createElement(tag)
  if (className !== undefined) created.className = className
  if (text !== undefined) created.textContent = text
  if (role !== undefined) created.setAttribute('role', role)
  if (label !== undefined) created.setAttribute('aria-label', label)
  Object.assign(created.dataset, data)
  created.append(...children)
  return created
}

/** Changes a text only if it differs: writing the same text would still cause a layout. */
export function setText(target: Node, text: string): void {
  if (target.textContent !== text) target.textContent = text
}
