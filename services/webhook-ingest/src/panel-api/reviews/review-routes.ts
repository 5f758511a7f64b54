import type { PanelApi, PanelApiDeps } from '../panel-api.ts'
import { registerListReviews } from './list-reviews.ts'
import { registerPostResolution } from './post-resolution.ts'
import { registerReadReview } from './read-review.ts'

/** `/v1/reviews`. */
export function registerReviewRoutes(api: PanelApi, deps: PanelApiDeps): void {
  registerListReviews(api, deps)
  registerReadReview(api, deps)
  registerPostResolution(api, deps)
}
