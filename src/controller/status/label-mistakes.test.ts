import { expect, test } from "vitest"
import { createLabelMistakes } from "./label-mistakes.ts"

type Step = { readonly namespace: string; readonly label: string | undefined } | { readonly leads: boolean }

const rows: readonly {
  readonly name: string
  readonly steps: readonly Step[]
  readonly told: readonly string[]
}[] = [
  {
    name: "a label that is no mode is told of once, in its namespace, with what is in force",
    steps: [
      { leads: true },
      { namespace: "shop", label: "Enforce" },
      { namespace: "shop", label: "Enforce" },
    ],
    told: [
      'shop EnforcementLabelIgnored PNP0130 metadata.labels: postern.dev/enforcement is enforce or observe, not "Enforce": the namespace is as the cluster is',
    ],
  },
  {
    name: "a mode, and no label, is no mistake",
    steps: [
      { leads: true },
      { namespace: "a", label: "enforce" },
      { namespace: "b", label: "observe" },
      { namespace: "c", label: undefined },
    ],
    told: [],
  },
  {
    name: "the replica that leads tells, and one that begins to lead tells what there is",
    steps: [
      { namespace: "shop", label: "on" },
      { namespace: "bank", label: "off" },
      { namespace: "bank", label: undefined },
      { leads: true },
      { leads: true },
    ],
    told: [
      'shop EnforcementLabelIgnored PNP0130 metadata.labels: postern.dev/enforcement is enforce or observe, not "on": the namespace is as the cluster is',
    ],
  },
  {
    name: "one that is corrected and comes back is told of again",
    steps: [
      { leads: true },
      { namespace: "shop", label: "" },
      { namespace: "shop", label: "enforce" },
      { namespace: "shop", label: "" },
    ],
    told: [
      'shop EnforcementLabelIgnored PNP0130 metadata.labels: postern.dev/enforcement is enforce or observe, not "": the namespace is as the cluster is',
      'shop EnforcementLabelIgnored PNP0130 metadata.labels: postern.dev/enforcement is enforce or observe, not "": the namespace is as the cluster is',
    ],
  },
]

test.each(rows)("$name", ({ steps, told }) => {
  const said: string[] = []
  const mistakes = createLabelMistakes(({ regarding, reason, note }) => {
    said.push(`${regarding.namespace} ${reason} ${note}`)
  })
  for (const step of steps) {
    if ("leads" in step) mistakes.setLeader(step.leads)
    else mistakes.follow(step.namespace, step.label)
  }
  expect(said).toEqual(told)
})
