import { expect, test } from "vitest"
import { type Asked, asked, type DiffWords, readRevisionRange, WORKING_TREE } from "./asked.ts"

test.for<[string, string, string, boolean]>([
  ["main", "main", WORKING_TREE, false],
  ["HEAD~2", "HEAD~2", WORKING_TREE, false],
  ["main..feature", "main", "feature", false],
  ["main..", "main", "HEAD", false],
  ["..feature", "HEAD", "feature", false],
  ["origin/main...HEAD", "origin/main", "HEAD", true],
  ["v1.2.3...v1.3.0", "v1.2.3", "v1.3.0", true],
])("a revision range is read as git diff reads it: %s", ([text, before, after, isMergeBase]) => {
  expect(readRevisionRange(text)).toMatchObject({ before, after, isMergeBase })
})

test.for<[string, DiffWords, Asked["ask"] | RegExp]>([
  ["two directories", { old: "a", new: "b" }, "directories"],
  ["a revision", { git: "main" }, "revisions"],
  ["paths of a revision", { git: "main", file: ["deploy"] }, "revisions"],
  ["files alone are compared with the cluster", { file: ["deploy"] }, "cluster"],
  ["files that replace all policies", { file: ["deploy"], prune: true }, "cluster"],
  ["nothing", {}, /nothing to compare: OLD NEW, --git/],
  ["one directory", { old: "a" }, /NEW is missing/],
  ["directories and the cluster", { old: "a", new: "b", file: ["c"] }, /either OLD and NEW, or -f/],
  ["directories of a revision", { old: "a", new: "b", git: "main" }, /named with -f/],
  ["--prune without a cluster", { git: "main", file: ["a"], prune: true }, /--prune goes with -f alone/],
])("what is asked for: %s", ([, words, expected]) => {
  const question = asked(words)
  expect(question.ask === "nothing" ? question.why : question.ask).toMatch(expected)
})
