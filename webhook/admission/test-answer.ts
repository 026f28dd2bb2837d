// A review's answer, with whatever the test does not care about filled in.

import type { Arrival } from "../admission-server.ts"
import { type Answer, readReview } from "../review.ts"
import { createTurns } from "../turns.ts"
import { type AdmissionOptions, createAdmission } from "./admission.ts"
import { fakeAnalyst, type ReviewParts, reviewText } from "./test-reviews.ts"

export async function answer(
  parts: ReviewParts,
  options: Partial<AdmissionOptions> = {},
  arrival: Partial<Arrival> = {},
): Promise<Answer> {
  const admit = createAdmission({
    analyst: fakeAnalyst(),
    access: { namesFor: async () => () => true, may: async () => true },
    turns: createTurns(),
    keep: () => undefined,
    budgetMs: 60_000,
    ...options,
  })
  const read = readReview(JSON.parse(reviewText(parts)))
  if (!read.ok) throw new Error(read.mistake)
  return await admit(read.review, { at: performance.now(), isTrusted: true, ...arrival })
}
