import { Ajv2020 } from "ajv/dist/2020.js"
import * as fc from "fast-check"
import { expect, test } from "vitest"
import { REPORT_NAMESPACES, randomReport } from "../../../test/random/impact-report.ts"
import { impactReportSchema } from "../../api/impact-report.ts"
import { hideNamespaces, namespacesIn } from "./hide-namespaces.ts"
import { impactWarnings } from "./warnings.ts"

const seen = fc.subarray<string>([...REPORT_NAMESPACES])
const isValid = new Ajv2020({ allowUnionTypes: true }).compile(impactReportSchema)

test("no word of a namespace that may not be named is in what is told", () => {
  fc.assert(
    fc.property(randomReport, seen, (report, allowed) => {
      const told = hideNamespaces(report, (each) => allowed.includes(each))
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
      const told = hideNamespaces(report, (each) => allowed.includes(each))
      const pairs = (each: typeof report) => each.appearing.listed.length + each.disappearing.listed.length
      expect(pairs(told) + told.hidden.pairs).toBe(pairs(report))
      expect(told.assertions.length + told.hidden.assertions).toBe(report.assertions.length)
      expect(told.nodes.length + told.hidden.nodes).toBe(report.nodes.length)
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
      expect(hideNamespaces(report, (each) => named.includes(each))).toEqual(report)
    }),
  )
})

test("all that is hidden is hidden: nobody is asked twice, and hiding again changes nothing", () => {
  fc.assert(
    fc.property(randomReport, (report) => {
      const told = hideNamespaces(report, () => false)
      expect(namespacesIn(told)).toEqual([])
      expect(hideNamespaces(told, () => false)).toEqual(told)
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
