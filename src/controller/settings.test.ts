import { expect, test } from "vitest"
import { fieldPathText } from "../api/diagnostic.ts"
import { defaultRulesetOptions } from "../compile/ruleset/options.ts"
import { readSettings } from "./settings.ts"

test.for<[string, unknown, object]>([
  ["an empty ConfigMap is the defaults", {}, {}],
  ["a ConfigMap without data is the defaults", undefined, {}],
  ["the mode", { enforcement: "observe" }, { enforcement: "observe" }],
  ["a mask in hexadecimal", { mask: "0x00ff0000" }, { mask: 0x00ff0000 }],
  ["the highest bits are a mask, too", { mask: "0xc0000000" }, { mask: 0xc0000000 }],
  ["a mask of all bits", { mask: "0xffffffff" }, { mask: 0xffffffff }],
  [
    "numbers and truth values are strings in a ConfigMap",
    { logGroup: " 7\n", establishedRecheck: "false" },
    { logGroup: 7, establishedRecheck: false },
  ],
  ["what agents are started with is none of ours", { unknownPods: "allow" }, {}],
  [
    "mid-stream and multicast",
    { midStream: "accept", multicast: "accept" },
    { midStream: "accept", multicast: "accept" },
  ],
])("%s", ([, data, expected]) => {
  expect(readSettings(data)).toEqual({ ok: { ...defaultRulesetOptions, ...expected } })
})

test.for<[string, unknown, readonly string[]]>([
  ["a mode that there is not", { enforcement: "enforced" }, ["PNP0204 data.enforcement"]],
  ["a setting that there is not", { enforcment: "observe" }, ["PNP0201 data.enforcment"]],
  ["a number that is none", { logGroup: "ten" }, ["PNP0203 data.logGroup"]],
  ["a truth value that is none", { establishedRecheck: "yes" }, ["PNP0203 data.establishedRecheck"]],
  ["a group that nfnetlink_log has not", { logGroup: "65536" }, ["PNP0411 data.logGroup"]],
  ["a mask of one bit", { mask: "0x80000000" }, ["PNP0411 data.mask"]],
  ["a mask with a hole", { mask: "0xf0f00000" }, ["PNP0411 data.mask"]],
  ["no bit at all", { mask: "0" }, ["PNP0411 data.mask"]],
  ["more than 32 bits", { mask: "9999999999" }, ["PNP0411 data.mask"]],
  ["data that is a list", [], ["PNP0203 data"]],
  [
    "all mistakes at once",
    { enforcement: "x", midStream: "y", logGroup: "z" },
    ["PNP0204 data.enforcement", "PNP0204 data.midStream", "PNP0203 data.logGroup"],
  ],
])("%s is a mistake", ([, data, expected]) => {
  const read = readSettings(data)
  const mistakes = "mistakes" in read ? read.mistakes : []
  expect(mistakes.map(({ code, path }) => `${code} ${fieldPathText(path ?? [])}`)).toEqual(expected)
})
