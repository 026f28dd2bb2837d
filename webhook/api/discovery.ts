// What the explain API says of itself, for kubectl and for the API server in front of it.

export const GROUP = "explain.postern.dev"
const VERSION = "v1alpha1"
export const API_VERSION = `${GROUP}/${VERSION}`

const version = { groupVersion: API_VERSION, version: VERSION } as const

const group = {
  name: GROUP,
  versions: [version],
  preferredVersion: version,
} as const

export const API_GROUP_LIST = { kind: "APIGroupList", apiVersion: "v1", groups: [group] } as const
export const API_GROUP = { kind: "APIGroup", apiVersion: "v1", ...group } as const

/** Only what can be got by name says so: nobody is to list answers to questions that were not asked. */
export const API_RESOURCE_LIST = {
  kind: "APIResourceList",
  apiVersion: "v1",
  groupVersion: API_VERSION,
  resources: [
    {
      name: "explanations",
      singularName: "explanation",
      namespaced: true,
      kind: "Explanation",
      verbs: ["list"],
    },
    {
      name: "connectivity",
      singularName: "connectivity",
      namespaced: true,
      kind: "Connectivity",
      verbs: ["list"],
    },
    { name: "reports", singularName: "report", namespaced: true, kind: "ImpactReport", verbs: ["get"] },
  ],
} as const
