import { expect, test } from "vitest"
import { ApiError, ConnectionError, isOvertaken } from "./api-error.ts"

const cause = { reason: "FieldValueInvalid", message: "Invalid value" }

test.for<[string, unknown, boolean]>([
  ["an object that is gone", new ApiError(404, "not found"), true],
  ["an update of an older version", new ApiError(409, "the object has been modified"), true],
  ["a JSON patch whose test fails", new ApiError(422, "the server rejected our request"), true],
  ["a value that is refused", new ApiError(422, "is invalid", { causes: [cause] }), false],
  ["a right that is missing", new ApiError(403, "forbidden"), false],
  ["no answer", new ConnectionError("refused"), false],
])("a change that fails by %s", ([, error, expected]) => {
  expect(isOvertaken(error)).toBe(expected)
})
