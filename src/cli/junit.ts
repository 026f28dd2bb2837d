// A test report as JUnit XML, in the form that Jenkins and GitLab read: a suite for each ConnectivityAssertion, a
// test case for each case of it. There are no times: the same files give the same report.

import type { TestedCase, TestReport } from "../api/test-report.ts"
import { type Element, xmlText } from "./xml.ts"

export interface JUnitDetail {
  /** What a person reads who opens the failed case. */
  readonly detailOf: (index: number) => string
}

export function junitText({ cases, failed, errors }: TestReport, { detailOf }: JUnitDetail): string {
  const tested = cases.map((each, index) => ({ each, element: caseElement(each, detailOf(index)) }))
  const suites = Map.groupBy(tested, ({ each: { namespace, name } }) => `${namespace}/${name}`)
  return xmlText({
    name: "testsuites",
    attributes: { name: "postern test", tests: cases.length, failures: failed, errors },
    content: [...suites].map(([name, members]): Element => {
      const counted = (status: TestedCase["status"]) =>
        members.filter(({ each }) => each.status === status).length
      return {
        name: "testsuite",
        attributes: {
          name,
          tests: members.length,
          failures: counted("failed"),
          errors: counted("error"),
          skipped: 0,
        },
        content: members.map(({ element }) => element),
      }
    }),
  })
}

function caseName({ from, to, ports, expect }: TestedCase): string {
  return `${from} → ${to} ${ports.map(({ port }) => port).join(", ")} ${expect}`
}

function caseElement(tested: TestedCase, detail: string): Element {
  const { namespace, name, file, line, status, ports } = tested
  const message = ports
    .filter((each) => each.status !== "met")
    .map(({ port, message }) => `${port} ${message}`)
    .join("; ")
  const outcome: Element = {
    name: status === "failed" ? "failure" : "error",
    attributes: { message, type: status === "failed" ? "ConnectivityAssertion" : "UnknownReference" },
    content: detail,
  }
  return {
    name: "testcase",
    attributes: {
      classname: `${namespace}.${name}`,
      name: caseName(tested),
      ...(file === null ? {} : { file }),
      ...(line === null ? {} : { line }),
    },
    content: status === "met" ? [] : [outcome],
  }
}
