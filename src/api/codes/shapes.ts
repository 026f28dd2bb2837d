// Mistakes in the shape of an object: what its schema can tell.

import type { CodeTable } from "./table.ts"

export const shapeCodes = {
  unknownField: {
    code: "PNP0201",
    severity: "error",
    title: "Unknown field",
    template: "unknown field {field}{suggestion}",
    remedy: "Field names are case-sensitive and have one place; an unknown one would be ignored in silence.",
  },
  missingField: {
    code: "PNP0202",
    severity: "error",
    title: "Missing field",
    template: "the field {field} is missing",
    remedy: "Add the field.",
  },
  wrongType: {
    code: "PNP0203",
    severity: "error",
    title: "Wrong kind of value",
    template: "expected {expected}, found {found}",
    remedy: "Mind indentation and list dashes; quote strings that look like numbers or booleans.",
  },
  notOneOf: {
    code: "PNP0204",
    severity: "error",
    title: "Value that is not offered",
    template: "{value} is not one of {allowed}{suggestion}",
    remedy: "Write one of the values offered; they are case-sensitive.",
  },
  emptyList: {
    code: "PNP0205",
    severity: "error",
    title: "Empty list",
    template: "the list must have at least {count} item",
    remedy: "Add an item.",
  },
  labelKey: {
    code: "PNP0210",
    severity: "error",
    title: "Invalid label key",
    template: "{value} is no label key: {why}",
    remedy:
      "A key is an optional DNS name and /, then at most 63 letters, digits, -, _ and . between letters or digits.",
  },
  labelValue: {
    code: "PNP0211",
    severity: "error",
    title: "Invalid label value",
    template: "{value} is no label value: {why}",
    remedy: "A value is empty, or at most 63 letters, digits, -, _ and . between letters or digits.",
  },
  selectorNeedsValues: {
    code: "PNP0212",
    severity: "error",
    title: "In or NotIn without values",
    template: "{operator} needs at least one value",
    remedy: "Add values, or use Exists or DoesNotExist.",
  },
  selectorForbidsValues: {
    code: "PNP0213",
    severity: "error",
    title: "Exists or DoesNotExist with values",
    template: "{operator} takes no values",
    remedy: "Drop values, or use In or NotIn.",
  },
} as const satisfies CodeTable
