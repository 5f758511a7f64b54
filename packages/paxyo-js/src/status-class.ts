const PREFIX = 'data-status-class'

/**
 * Gives an element the classes of its order's status, and takes those of other statuses away:
 * `data-status-class-canceled="bg-danger"`, and `data-status-class="bg-secondary"` for all other statuses. The name of a
 * status may be written with hyphens: `data-status-class-in-progress`.
 */
export function writeStatusClass(element: Element, status: string): void {
  const classesByStatus = new Map<string, readonly string[]>()
  for (const { name, value } of element.attributes) {
    if (!name.startsWith(PREFIX)) continue
    const key = name.slice(PREFIX.length + 1).replaceAll('-', '_')
    classesByStatus.set(key, value.split(/\s+/).filter(Boolean))
  }
  if (classesByStatus.size === 0) return
  const own = classesByStatus.get(status) ?? classesByStatus.get('') ?? []
  for (const classes of classesByStatus.values()) {
    element.classList.remove(...classes.filter((each) => !own.includes(each)))
  }
  element.classList.add(...own)
}
