import { describe, expect, test } from "vitest";
import { parseCluster } from "../../src/formats/cluster.ts";

const defaults = { slots: undefined, gpus: 1 };
const expected = [
  { name: "a", slots: 6, gpus: 1, domain: "rack-1" },
  { name: "b", slots: 4, gpus: 2 },
];

test.each([
  ["JSON list", '[{"name":"a","slots":6,"domain":"rack-1"},{"name":"b","slots":4,"gpus":2}]'],
  ["JSON under nodes", '{"nodes":[{"name":"a","slots":6,"domain":"rack-1"},{"name":"b","slots":4,"gpus":2}]}'],
  ["CSV", "name,slots,gpus,domain\na,6,1,rack-1\nb,4,2,\n"],
  ["CSV, other order, CRLF and BOM", "\ufeffdomain,slots,name,gpus\r\nrack-1,6,a,\r\n,4,b,2\r\n"],
])("%s", (_, text) => {
  expect(parseCluster(text, "nodes", defaults)).toEqual(expected);
});

test("what the file does not say comes from the options", () => {
  expect(parseCluster("name\na\n", "nodes", { slots: 3, gpus: 8 })).toEqual([{ name: "a", slots: 3, gpus: 8 }]);
});

describe("mistakes", () => {
  test.each([
    ["name,slots\na,6\na,6\n", /two nodes are called a/],
    ["name,slots\na,0\n", /slots: expected a whole number of at least 1, got "0"; leave out a node without slots/],
    ["name,slots\na,6,7\n", /./],
    ["name,racks\na,6\n", /"racks" is not expected/],
    ["slots\n6\n", /name is missing/],
    ["name\na\n", /pass --slots/],
    ["name,slots\n", /no nodes/],
    ["[]", /no nodes/],
    ['[{"name":"a","slots":1.5}]', /whole numbers/],
    ["[{", /cut short|not JSON/],
    ["", /no input/],
  ])("%j", (text, message) => {
    expect(() => parseCluster(text, "nodes", defaults)).toThrow(message);
  });
});
