import { Ajv2020 } from "ajv/dist/2020.js"
import * as fc from "fast-check"
import { expect, test } from "vitest"
import { REPORT_NAMESPACES, randomReport } from "../../../test/random/impact-report.ts"
import { impactReportSchema } from "../../api/impact-report.ts"
import { hideNamespaces, namespacesIn } from "./hide-namespaces.ts"
import { impactWarnings } from "./warnings.ts"

const seen = fc.subarray<string>([...REPORT_NAMESPACES])
const NOTHING = { namespace: () => false, nodes: false }
const isValid = new Ajv2020({ allowUnionTypes: true }).compile(impactReportSchema)

test("no word of a namespace that may not be named is in what is told", () => {
  fc.assert(
    fc.property(randomReport, seen, (report, allowed) => {
      const told = hideNamespaces(report, { namespace: (each) => allowed.includes(each), nodes: true })
      const texts = [JSON.stringify(told), ...impactWarnings(told)]
      for (const name of REPORT_NAMESPACES) {
        if (allowed.includes(name)) continue
        expect(texts.filter((each) => each.includes(name))).toEqual([])
      }
      expect(isValid(told)).toBe(true)
    }),
  )
})

test("what is not named is counted: nothing gets lost, and totals stay", () => {
  fc.assert(
    fc.property(randomReport, seen, (report, allowed) => {
      const told = hideNamespaces(report, { namespace: (each) => allowed.includes(each), nodes: true })
      const pairs = (each: typeof report) => each.appearing.listed.length + each.disappearing.listed.length
      expect(pairs(told) + told.hidden.pairs).toBe(pairs(report))
      expect(told.assertions.length + told.hidden.assertions).toBe(report.assertions.length)
      expect(told.nodes.length + told.hidden.nodes).toBe(report.nodes.length + report.hidden.nodes)
      expect(told.findings).toHaveLength(report.findings.length)
      for (const each of ["appearing", "disappearing"] as const)
        expect(told[each].pairs).toBe(report[each].pairs)
      for (const each of ["isolated", "released"] as const) {
        expect(told[each].ingress.pods).toBe(report[each].ingress.pods)
      }
    }),
  )
})

test("who may see every namespace that is named sees the report as it is", () => {
  fc.assert(
    fc.property(randomReport, (report) => {
      const named = namespacesIn(report)
      const all = (each: string): boolean => named.includes(each)
      expect(hideNamespaces(report, { namespace: all, nodes: true })).toEqual(report)
    }),
  )
})

test("who may not list nodes is told how many, and of all else what others are told", () => {
  fc.assert(
    fc.property(randomReport, seen, (report, allowed) => {
      const namespace = (each: string): boolean => allowed.includes(each)
      const told = hideNamespaces(report, { namespace, nodes: false })
      expect(told.nodes).toEqual([])
      expect(told.hidden.nodes).toBe(report.hidden.nodes + report.nodes.length)
      const others = hideNamespaces(report, { namespace, nodes: true })
      expect({ ...told, nodes: [], hidden: { ...told.hidden, nodes: 0 } }).toEqual({
        ...others,
        nodes: [],
        hidden: { ...others.hidden, nodes: 0 },
      })
    }),
  )
})

test("all that is hidden is hidden: nobody is asked twice, and hiding again changes nothing", () => {
  fc.assert(
    fc.property(randomReport, (report) => {
      const told = hideNamespaces(report, NOTHING)
      expect(namespacesIn(told)).toEqual([])
      expect(hideNamespaces(told, NOTHING)).toEqual(told)
    }),
  )
})

test("the subject's namespace is asked about first: of very many only some are", () => {
  fc.assert(
    fc.property(randomReport, (report) => {
      const { subject } = report
      if (subject === null) return
      expect(namespacesIn(report)[0]).toBe(subject.namespace || subject.name)
    }),
  )
})
