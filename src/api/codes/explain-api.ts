// What is wrong with a question to the explain API, and with a report that is asked for.

import type { CodeTable } from "./table.ts"

export const explainApiCodes = {
  hiddenNamespace: {
    code: "PNP0701",
    severity: "error",
    title: "Namespace that may not be named",
    template: "{value} cannot be looked up: you may not list pods in namespace {namespace}",
    remedy: "Ask for an address instead: it is answered without naming what has it.",
  },
  hiddenNodes: {
    code: "PNP0702",
    severity: "error",
    title: "Node that may not be named",
    template: "{value} cannot be looked up: you may not list nodes",
    remedy: "Ask for the node's address instead.",
  },
  questionTooLarge: {
    code: "PNP0703",
    severity: "error",
    title: "Question about too much",
    template: "{from} and {to} stand for {pairs} pairs of ends; at most {limit} are answered at once",
    remedy:
      "Name one pod of a workload; postern explain -f answers questions of any size from manifests, postern connectivity all at once.",
  },
  questionTooLong: {
    code: "PNP0704",
    severity: "error",
    title: "Question that takes too long",
    template: "the question was given up: it takes longer than the server has for one",
    remedy: "Ask for one pod and one port; postern explain -f has all the time of your machine.",
  },
  unreadableQuery: {
    code: "PNP0705",
    severity: "error",
    title: "Not a query of the explain API",
    template: "{parameter}: {why}",
    remedy: "docs/explain-api.md lists paths and parameters.",
  },
  unknownReport: {
    code: "PNP0706",
    severity: "error",
    title: "Report that is not kept",
    template: "there is no report {key}",
    remedy: "Reports are kept for an hour, in memory: make the dry-run again, it prints its key.",
  },
  apiNotUsed: {
    code: "PNP0707",
    severity: "note",
    title: "Answered without the explain API",
    template: "{why}: what you may list of the cluster was read instead, and is judged here",
    remedy: "The chart installs the explain API with the webhook; it answers faster, and for tenants.",
  },
  noExplainApi: {
    code: "PNP0708",
    severity: "error",
    title: "No explain API",
    template: "{why}",
    remedy:
      "Ask whoever runs the cluster for the right to, or to install Postern's webhook: docs/explain-api.md.",
  },
  hiddenMistake: {
    code: "PNP0709",
    severity: "error",
    title: "Question that cannot be answered, about what may not be named",
    template: "nothing can be told of {from} and {to}: no connection is like this, or not on this port",
    remedy: "An address of a namespace in which you may not list pods is answered for ports by number only.",
  },
} as const satisfies CodeTable
