import type { ComponentChildren } from 'preact'
import type { List } from '../data/pages.ts'
import { t } from '../kit/language.ts'
import { Button, Empty, Problem, Skeleton } from './basic.tsx'

export interface Column<Item> {
  readonly title: string
  readonly cell: (item: Item) => ComponentChildren
  /** Numbers are aligned at the end. */
  readonly isNumber?: boolean
}

interface TableProps<Item> {
  readonly label: string
  readonly columns: readonly Column<Item>[]
  readonly items: readonly Item[]
  readonly idOf: (item: Item) => string
  /** Rows that come in many times a second: those outside of the screen cost nothing. */
  readonly isStream?: boolean
}

/** A table; on a phone each row is a card whose values have the columns' titles. */
export function Table<Item>({ label, columns, items, idOf, isStream = false }: TableProps<Item>) {
  return (
    // A wide table is scrolled within its frame, also with the keyboard.
    <div class="table-frame" role="group" aria-label={label} tabIndex={0}>
      <table role="table" aria-label={label} class={isStream ? 'stream' : undefined}>
        <thead role="rowgroup">
          <tr role="row">
            {columns.map(({ title, isNumber }) => (
              <th key={title} role="columnheader" scope="col" class={isNumber ? 'number' : undefined}>
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody role="rowgroup">
          {items.map((item) => (
            <Row key={idOf(item)} item={item} columns={columns} />
          ))}
        </tbody>
      </table>
    </div>
  )
}

/** It is rendered again only when its item or its columns are others. */
const Row = <Item,>({ item, columns }: { item: Item; columns: readonly Column<Item>[] }) => (
  <tr role="row">
    {columns.map(({ title, cell, isNumber }) => (
      <td key={title} role="cell" data-title={title} class={isNumber ? 'number' : undefined}>
        {cell(item)}
      </td>
    ))}
  </tr>
)

interface ListTableProps<Item> extends Omit<TableProps<Item>, 'items'> {
  readonly list: List<Item>
  readonly empty: string
  readonly emptyDetail?: string
}

/** A list of the API as a table, with what it shows while it is read, when it is empty and when it cannot be read. */
export function ListTable<Item>({ list, empty, emptyDetail, ...table }: ListTableProps<Item>) {
  if (list.items === undefined)
    return list.problem ? <Problem problem={list.problem} onRetry={list.reload} /> : <Skeleton lines={6} />
  if (list.items.length === 0)
    return <Empty title={empty}>{emptyDetail === undefined ? null : <p>{emptyDetail}</p>}</Empty>
  return (
    <>
      <Problem problem={list.problem} onRetry={list.reload} />
      <Table {...table} items={list.items} />
      {list.hasMore ? (
        <div class="more">
          <Button isBusy={list.isLoadingMore.value} onClick={() => void list.loadMore()}>
            {t('action.older')}
          </Button>
        </div>
      ) : null}
    </>
  )
}
