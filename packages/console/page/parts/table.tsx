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
}

/** A table; on a phone each row is a card whose values have the columns' titles. */
export function Table<Item>({ label, columns, items, idOf }: TableProps<Item>) {
  return (
    <div class="table-frame">
      <table role="table" aria-label={label}>
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
            <tr key={idOf(item)} role="row">
              {columns.map(({ title, cell, isNumber }) => (
                <td key={title} role="cell" data-title={title} class={isNumber ? 'number' : undefined}>
                  {cell(item)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

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
