/**
 * Decides when the groups of several groupings begin.
 *
 * Guarantees: a group begins at once when none of the others is in progress, or when `overlapMin` of its items wait. Otherwise it begins
 * after the group that is in progress, and no later than after `waitMsMax`.
 *
 * How: one group has the turn, and the groupings that wait get it in the order in which they asked.
 *
 * Without it each grouping begins its next group when the one before ends. Two of them then keep both cores busy with groups of a few
 * items at any load: most of the cost of a small group is the same for a large one.
 */
export interface Overlap {
  /** Adds a grouping. */
  join(): GroupTurn
}

/** When the groups of one grouping begin. */
export interface GroupTurn {
  /** Resolves when a group may begin; `waiting` is the number of its items. */
  begin(waiting: number): Promise<void>
  /** More items wait now. */
  grown(waiting: number): void
  /** The group that has begun is processed. */
  end(): void
}

/**
 * @example
 * const overlap = createOverlap(2, 60_000)
 * const [one, other] = [overlap.join(), overlap.join()]
 * await one.begin(1)
 * const begun = other.begin(1).then(() => 'begun')
 * other.grown(2)
 * await begun //=> 'begun'
 */
export function createOverlap(overlapMin: number, waitMsMax: number): Overlap {
  const waiting = new Set<() => void>()
  let inProgress = 0

  function join(): GroupTurn {
    let begin: (() => void) | undefined

    function waitForTurn(): Promise<void> {
      return new Promise((resolve) => {
        const timer = setTimeout(() => begin?.(), waitMsMax)
        begin = () => {
          clearTimeout(timer)
          waiting.delete(begin!)
          begin = undefined
          inProgress += 1
          resolve()
        }
        waiting.add(begin)
      })
    }

    return {
      async begin(count) {
        if (inProgress > 0 && count < overlapMin) return waitForTurn()
        inProgress += 1
      },
      grown(count) {
        if (count >= overlapMin) begin?.()
      },
      end() {
        inProgress -= 1
        const [first] = waiting
        if (inProgress === 0) first?.()
      },
    }
  }
  return { join }
}
