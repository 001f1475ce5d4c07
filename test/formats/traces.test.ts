import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { randomSource } from "../../src/core/algorithms/random.ts";
import type { MembershipTrace } from "../../src/core/simulation/membershipTrace.ts";
import { InputError } from "../../src/errors.ts";
import { readTrace } from "../../src/formats/traces/readTrace.ts";
import { haveSharedData, sharedData, withoutSharedData } from "../support/lazarus.ts";

const read = (text: string, polarity: "held" | "preempted" = "held") =>
  readTrace(text, "trace", { polarity, random: randomSource(1) });

/** Live nodes after each moment. */
function counts(trace: MembershipTrace): [number, number][] {
  const live = new Set<string>();
  const seen = new Map<number, number>();
  for (const { seconds, event, node } of trace) {
    expect(event === "add" ? !live.has(node) && live.add(node) : live.delete(node)).toBeTruthy();
    seen.set(seconds, live.size);
  }
  return [...seen];
}

test("rows ms,add|remove,node", () => {
  expect(read("0,add,a\n0,add,b\n\n90500,remove,a\n")).toEqual([
    { seconds: 0, event: "add", node: "a" },
    { seconds: 0, event: "add", node: "b" },
    { seconds: 90.5, event: "remove", node: "a" },
  ]);
});

test("rows hours,count, with a header or without", () => {
  const expected: [number, number][] = [
    [0, 4],
    [1800, 2],
    [7200, 3],
  ];
  expect(counts(read("hours,count\n1,4\n1.5,2\n3,3\n"))).toEqual(expected);
  expect(counts(read("1,4\n1.5,2\n3,3\n"))).toEqual(expected);
});

test("SkyPilot's JSON, in either polarity", () => {
  const text = '{"metadata":{"gap_seconds":300},"data":[4,4,1,3]}';
  expect(counts(read(text))).toEqual([
    [0, 4],
    [600, 1],
    [900, 3],
  ]);
  expect(counts(read(text, "preempted"))).toEqual([
    [600, 3],
    [900, 1],
  ]);
});

test("Slurm's events: nodes are there before their first outage, overlapping outages are one", () => {
  const text = `Cluster|NodeName|TimeStart|TimeEnd|State|Reason|User
gpu||2024-02-28T00:00:00|2024-02-28T09:00:00||Cluster Registered TRES|
gpu|n2|2024-02-29T10:00:00|Unknown|DOWN|power|root(0)
gpu|n1|2024-02-28T23:00:00|2024-02-28T23:30:00|DRAIN|"swap|root(0)
gpu|n1|2024-02-28T23:10:00|2024-03-01T00:00:00|DOWN|died|root(0)
`;
  expect(read(text)).toEqual([
    { seconds: 0, event: "add", node: "n2" },
    { seconds: 0, event: "add", node: "n1" },
    { seconds: 1, event: "remove", node: "n1" },
    { seconds: 39_601, event: "remove", node: "n2" },
    { seconds: 90_001, event: "add", node: "n1" },
  ]);
});

test("our own JSON", () => {
  const events = [
    { seconds: 0, event: "add", node: "a" },
    { seconds: 60, event: "remove", node: "a" },
  ];
  expect(read(JSON.stringify({ type: "membership-trace", version: 1, events }))).toEqual(events);
});

test.each([
  ["", undefined, /empty/],
  ["0,add\n", 1, /whole number of nodes/],
  ["0,add,a\n5,vanish,a\n", 2, /add or remove, got "vanish"/],
  ["0,add,a\nx,remove,a\n", 2, /whole milliseconds/],
  ["9,add,a\n5,remove,a\n", 2, /order of time/],
  ["0,add,\n", 1, /name of a node/],
  ["hours,count\n", undefined, /header only/],
  ["1,2\n1,x\n", 2, /whole number of nodes/],
  ["2,2\n1,3\n", 2, /order of time/],
  ["NodeName|TimeEnd\n", 1, /TimeStart is missing/],
  ["NodeName|TimeStart|TimeEnd\nn1|yesterday|Unknown\n", 2, /yesterday/],
  ["NodeName|TimeStart|TimeEnd\n|2024-01-01T00:00:00|Unknown\n", undefined, /no event names a node/],
  ['{"metadata":{"gap_seconds":0},"data":[1]}', undefined, /gap_seconds/],
  ['{"metadata":{"gap_seconds":1},"data":[0]}', undefined, /no instance/],
  ['{"metadata":{"gap_seconds":1},"data":[-1]}', undefined, /none negative/],
  ['{"type":"membership-trace","version":1,"events":[]}', undefined, /no events/],
  [
    '{"type":"membership-trace","version":1,"events":[{"seconds":5,"event":"add","node":"a"},{"seconds":4,"event":"add","node":"b"}]}',
    undefined,
    /sort them/,
  ],
  ['{"type":"placement"}', undefined, /this is a placement; a membership-trace is wanted here/],
])("%j is refused with its place", (text, line, message) => {
  const attempt = () => read(text);
  expect(attempt).toThrow(InputError);
  expect(attempt).toThrow(message);
  try {
    attempt();
  } catch (error) {
    expect((error as InputError).line).toBe(line);
  }
});

describe.skipIf(!haveSharedData)(`real traces${haveSharedData ? "" : ` (skipped: ${withoutSharedData})`}`, () => {
  test("Bamboo's P3 trace", () => {
    const trace = read(readFileSync(`${sharedData}/traces/p3-trace.csv`, "utf8"));
    expect(trace).toHaveLength(344);
    expect(counts(trace)[0]).toEqual([0, 18]);
    expect(Math.max(...counts(trace).map(([, nodes]) => nodes))).toBeLessThanOrEqual(32);
  });

  test("SkyPilot's trace: four nodes come and go", () => {
    const trace = read(readFileSync(`${sharedData}/traces/skypilot-4node-us-east-1f.json`, "utf8"));
    expect(Math.max(...counts(trace).map(([, nodes]) => nodes))).toBe(4);
    expect(trace[0]?.seconds).toBe(18 * 300);
  });
});
