// What is wrong with what commands are asked to do: test and diff.

import type { CodeTable } from "./table.ts"

export const commandLineCodes = {
  noAssertion: {
    code: "PNP0601",
    severity: "error",
    title: "Nothing to test",
    template: "there is no ConnectivityAssertion in {where}",
    remedy: "docs/assertions.md says how they are written; --assertions names files that have them.",
  },
  nothingMatchesFilter: {
    code: "PNP0602",
    severity: "error",
    title: "No case has the text of --filter",
    template: "none of {count} has {value} in its name, ends, ports or verdict",
    remedy:
      "The text is looked for as it is, in upper and lower case alike; without --filter every case is tested.",
  },
  notTested: {
    code: "PNP0603",
    severity: "note",
    title: "Objects that are not tested against",
    template: "{count} beside the assertions: not used, since the cluster is tested",
    remedy: "Name the files with -f to test them instead of the cluster.",
  },
  readInPart: {
    code: "PNP0604",
    severity: "warning",
    title: "Object of the cluster that was read in part",
    template: "{what}",
    remedy: "Mend the object; what cannot be read of it has no part in the answer.",
  },
  notInRepository: {
    code: "PNP0611",
    severity: "error",
    title: "Not in a Git repository",
    template: "Git does not read {value}: {why}",
    remedy: "Run it in a clone of the repository; postern diff OLD NEW compares two directories without Git.",
  },
  unknownRevision: {
    code: "PNP0612",
    severity: "error",
    title: "Not a Git revision",
    template: "Git knows no revision {value}{shallow}",
    remedy: "Name a branch, a tag or a commit that git log knows; fetch it first where it is only elsewhere.",
  },
  outsideRepository: {
    code: "PNP0613",
    severity: "error",
    title: "Path outside of the repository",
    template: "{value} is not in the repository {repository}",
    remedy:
      "Name paths of the repository that you are in; postern diff OLD NEW compares any two directories.",
  },
  pathInNoRevision: {
    code: "PNP0614",
    severity: "error",
    title: "Path in neither of two revisions",
    template: "there is no manifest in {value}, neither in {old} nor in {new}",
    remedy: "Mind the directory that the path starts from; files are *.yaml, *.yml and *.json.",
  },
  revisionTooLarge: {
    code: "PNP0615",
    severity: "error",
    title: "Too much in a revision",
    template: "the manifests of {value} have {size} MiB; {limit} MiB are read",
    remedy: "Name the directories that matter with -f.",
  },
  notCompared: {
    code: "PNP0616",
    severity: "note",
    title: "Objects that are not compared",
    template:
      "{count} of the files, pods, workloads or Services, not compared: the cluster's are what policies meet",
    remedy: "postern diff OLD NEW compares all that two directories have.",
  },
  noWorkloads: {
    code: "PNP0617",
    severity: "warning",
    title: "No workload to compare connections of",
    template: "there is no workload in {before} and none in {after}: only what is written is compared",
    remedy: "Name the directories of the workloads too, or compare with a cluster: postern diff -f PATH.",
  },
  noCommonCommit: {
    code: "PNP0618",
    severity: "error",
    title: "Git revisions without a common commit",
    template: "{before} and {after} have no commit in common that A...B could begin at{shallow}",
    remedy: "Compare them as they are: postern diff --git A..B.",
  },
} as const satisfies CodeTable
