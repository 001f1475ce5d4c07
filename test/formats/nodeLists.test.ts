import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { InputError } from "../../src/errors.ts";
import { expandDistinctHosts, expandHostList } from "../../src/formats/nodeLists/hostList.ts";
import { parseInstances } from "../../src/formats/nodeLists/instances.ts";
import { nodeReport } from "../../src/formats/nodeLists/nodeReport.ts";

const none = new Map<string, string>();
const inState = (text: string, instances: ReadonlyMap<string, string>, ...wanted: string[]) => {
  const { names, states } = nodeReport(text, "f", instances);
  return names ?? [...states].flatMap(([name, state]) => (wanted.includes(state) ? [name] : []));
};
const failed = (text: string, instances: ReadonlyMap<string, string> = none) => inState(text, instances, "down", "interrupted");
const drained = (text: string) => inState(text, none, "drained", "interrupted");

describe("host lists", () => {
  test.each([
    ["gpu[003-007,012]", ["gpu003", "gpu004", "gpu005", "gpu006", "gpu007", "gpu012"]],
    ["node3,node7", ["node3", "node7"]],
    ["a[1-2],b, c[9-10]x", ["a1", "a2", "b", "c9x", "c10x"]],
    ["r[1-2]n[01-02]", ["r1n01", "r1n02", "r2n01", "r2n02"]],
    ["a\nb[1,3]\nb1", ["a", "b1", "b3"]],
    ["n[099-101]", ["n099", "n100", "n101"]],
  ])("%s", (text, names) => expect(expandHostList(text)).toEqual(names));

  test.each(["", "a,,b", ",", "gpu[3-1]", "gpu[", "gpu]", "gpu[]", "gpu[a-b]", "gpu[0-999999999]", "g[1[2]]"])(
    "refuses %j",
    (text) => expect(() => expandHostList(text)).toThrow(/such as/),
  );

  test.each([";", "!", "&", "^", "@", "*"])("%s is no character of a name", (character) => {
    expect(() => expandHostList(`gpu[1-3]${character}gpu2`)).toThrow(`"${character}"`);
  });

  test("what is wrong with a range is said, and nodes of a cluster are named once", () => {
    expect(() => expandHostList("gpu[1-10/2]")).toThrow(/steps/);
    expect(() => expandHostList("gpu[3-1]")).toThrow(/falls/);
    expect(() => expandDistinctHosts("a,b[1-2],b2")).toThrow(/"b2" is named twice/);
    expect(expandDistinctHosts("a,b[1-2]")).toEqual(["a", "b1", "b2"]);
  });

  test("a range stands for the names it would be written as", () => {
    fc.assert(
      fc.property(fc.nat(9999), fc.nat(50), fc.integer({ min: 1, max: 5 }), (first, more, width) => {
        const pad = (n: number) => String(n).padStart(width, "0");
        const names = Array.from({ length: more + 1 }, (_, i) => `gpu${pad(first + i)}`);
        expect(expandHostList(`gpu[${pad(first)}-${pad(first + more)}]`)).toEqual(names);
      }),
    );
  });
});

describe("Slurm", () => {
  test("sinfo's table: down, failed and silent nodes, not drained ones", () => {
    const table = [
      "PARTITION AVAIL  TIMELIMIT  NODES  STATE NODELIST",
      "gpu*         up   infinite      2  down* gpu[003-004]",
      "gpu*         up   infinite      1   fail gpu012",
      "gpu*         up   infinite      1  alloc* gpu013",
      "gpu*         up   infinite      3   drng gpu[005-007]",
      "gpu*         up   infinite     10  alloc gpu[020-029]",
    ].join("\n");
    expect(failed(table)).toEqual(["gpu003", "gpu004", "gpu012", "gpu013"]);
  });

  test("sacctmgr's events: what has ended is over", () => {
    const events = [
      "Cluster|NodeName|TimeStart|TimeEnd|State|Reason|User",
      "c1|gpu001|2026-01-01T00:00:00|2026-01-01T01:00:00|DOWN*|Not responding|slurm(64030)",
      "c1|gpu[002-003]|2026-01-02T00:00:00|Unknown|DOWN*|Not responding|slurm(64030)",
      "c1|gpu004|2026-01-02T00:00:00|Unknown|DRAIN|maintenance|root(0)",
      "c1||2026-01-02T00:00:00|Unknown||Cluster Registered TRES|",
    ].join("\n");
    expect(failed(events)).toEqual(["gpu002", "gpu003"]);
  });

  test("every layout with a header: a date above it, other titles, reasons in several words", () => {
    const dated = [
      "Mon Jan 05 10:00:00 2026",
      "PARTITION AVAIL  TIMELIMIT   JOB_SIZE ROOT OVERSUBS     GROUPS  NODES       STATE NODELIST",
      "batch        up   infinite 1-infinite   no       NO        all      1       down* n3",
      "batch        up   infinite 1-infinite   no       NO        all      2        idle n[1-2]",
    ];
    expect(failed(dated.join("\n"))).toEqual(["n3"]);
    const reasons = [
      "NODELIST   NODES PARTITION       STATE CPUS REASON",
      "n1             1    batch*        idle 64   none",
      "n3             1    batch*       down* 64   Not responding",
    ];
    expect(failed(reasons.join("\n"))).toEqual(["n3"]);
    expect(failed("HOSTNAMES STATE\nn1 idle\nn3 down*\n")).toEqual(["n3"]);
    expect(failed("NAME  STATUS   ROLES\nn1  Ready  worker\nn3  NotReady,SchedulingDisabled  worker\n")).toEqual(["n3"]);
  });

  test("a blank column does not move the ones behind it", () => {
    const table = [
      "PARTITION  NODES       STATE RESERVATION NODELIST",
      "batch          1       down*             n3",
      "batch          1       drain       maint n4",
      "batch          2       alloc             n[1-2]",
    ];
    expect(failed(table.join("\n"))).toEqual(["n3"]);
    expect(() => failed("NODES A STATE B NODELIST\n1 x down n3\n")).toThrow(/columns/);
  });

  test.each([
    "IDLE+CLOUD+POWERED_DOWN+NOT_RESPONDING",
    "idle+not_responding",
    "unk",
    "IDLE+POWERED_DOWN",
    "mixed*+drain",
    "idle~",
    "alloc%",
    "FAILING",
    "reboot^",
  ])("%s is dead", (state) => expect(failed(`NODELIST STATE\nn1 ${state}\n`)).toEqual(["n1"]));

  test.each(["idle", "ALLOCATED+", "mix-", "drng$", "IDLE+DRAIN", "MIXED+CLOUD", "maint@", "plnd", "idle!"])(
    "%s is alive",
    (state) => expect(failed(`NODELIST STATE\nn1 ${state}\n`)).toEqual([]),
  );

  test("states that no node has are refused, and so are tables of jobs", () => {
    expect(() => failed("NODELIST STATE\nn1 RUNNING\n")).toThrow(/RUNNING/);
    expect(() => failed("JOBID PARTITION NAME USER ST TIME NODES NODELIST(REASON)\n1 b x me R 1:00 1 n1\n")).toThrow(/jobs/);
    expect(() => failed("n7\nNODELIST STATE\nn1 down\n")).toThrow(/n7/);
  });

  test("the last row of a node counts", () => {
    const twice = "Mon Jan 05 10:00:00 2026\nNODELIST STATE\nn1 down\nMon Jan 05 10:00:10 2026\nNODELIST STATE\nn1 idle\n";
    expect(failed(twice)).toEqual([]);
  });

  test("lists without a table, and nothing at all", () => {
    expect(failed("gpu[1-2]\ngpu7\n")).toEqual(["gpu1", "gpu2", "gpu7"]);
    expect(failed("\n")).toEqual([]);
    expect(() => failed("gpu[1\n")).toThrow(InputError);
    expect(() => failed("NODELIST NODES\ngpu1 1\n")).toThrow(/STATE/);
    expect(() => failed("NODELIST STATE\ngpu[1- down\n")).toThrow(/such as/);
  });
});

describe("Kubernetes", () => {
  const node = (name: string, ready: string | undefined, providerID?: string) => ({
    kind: "Node",
    metadata: { name },
    spec: { providerID },
    status: { conditions: [{ type: "MemoryPressure", status: "False" }, ...(ready ? [{ type: "Ready", status: ready }] : [])] },
  });
  const list = (...items: object[]) => ({ apiVersion: "v1", kind: "List", items });

  test("nodes that are not Ready, whether False, Unknown or without the condition", () => {
    const nodes = list(node("a", "True"), node("b", "False"), node("c", "Unknown"), node("d", undefined));
    expect(failed(JSON.stringify(nodes, null, 4))).toEqual(["b", "c", "d"]);
    expect(failed(JSON.stringify(node("b", "False")))).toEqual(["b"]);
  });

  test("watch events, one a line", () => {
    const events = [
      { type: "MODIFIED", object: node("a", "Unknown") },
      { type: "DELETED", object: node("b", "True") },
      { type: "ADDED", object: node("c", "True") },
    ];
    expect(failed(events.map((event) => JSON.stringify(event)).join("\n"))).toEqual(["a", "b"]);
  });

  test("what is said last about a node counts, and bookmarks say nothing", () => {
    const lines = (...values: object[]) => failed(values.map((value) => JSON.stringify(value)).join("\n"));
    const event = (type: string, ready: string) => ({ type, object: node("a", ready) });
    expect(lines(event("MODIFIED", "Unknown"), event("MODIFIED", "True"))).toEqual([]);
    expect(lines(event("MODIFIED", "True"), event("MODIFIED", "Unknown"))).toEqual(["a"]);
    expect(lines(event("DELETED", "True"), event("ADDED", "True"))).toEqual([]);
    expect(lines(list(node("a", "False"), node("b", "False")), list(node("a", "True")))).toEqual(["b"]);
    const bookmark = { type: "BOOKMARK", object: { kind: "Node", metadata: { resourceVersion: "7" } } };
    expect(lines(event("MODIFIED", "False"), bookmark)).toEqual(["a"]);
  });

  test("other objects are refused", () => {
    expect(() => failed('{"kind":"List","items":[{"kind":"Pod","metadata":{"name":"x"}}]}')).toThrow(/Kubernetes nodes/);
    expect(() => failed('{"some":"thing"}')).toThrow(/tells of no nodes/);
  });

  test("provider ids name instances", () => {
    const text = JSON.stringify(list(node("a", "True", "aws:///us-east-1a/i-0a"), node("b", "True")));
    expect(parseInstances(text, "f")).toEqual(new Map([["i-0a", "a"]]));
    expect(parseInstances("instance,node\ni-1,x\n", "f")).toEqual(new Map([["i-1", "x"]]));
    expect(() => parseInstances("{}", "f")).toThrow(/instance,node/);
  });
});

describe("AWS", () => {
  const notice = (instance: string) => ({
    version: "0",
    "detail-type": "EC2 Spot Instance Interruption Warning",
    source: "aws.ec2",
    detail: { "instance-id": instance, "instance-action": "terminate" },
  });

  test("notices as they are, one a line, in a list, in SQS messages", () => {
    const known = new Map([["i-1", "node3"]]);
    expect(failed(JSON.stringify(notice("i-1"), null, 2), known)).toEqual(["node3"]);
    expect(failed(`${JSON.stringify(notice("i-1"))}\n${JSON.stringify(notice("i-2"))}\n`, known)).toEqual(["node3", "i-2"]);
    expect(failed(JSON.stringify([notice("i-1"), notice("i-1")]), known)).toEqual(["node3"]);
    expect(failed(JSON.stringify({ Messages: [{ Body: JSON.stringify(notice("i-2")) }] }))).toEqual(["i-2"]);
  });

  test("state changes count when the instance goes away", () => {
    const change = (state: string) =>
      JSON.stringify({ "detail-type": "EC2 Instance State-change Notification", detail: { "instance-id": "i-1", state } });
    expect(failed(change("terminated"))).toEqual(["i-1"]);
    expect(failed(change("running"))).toEqual([]);
  });

  test("one notice of another kind does not spoil a batch, and is counted", () => {
    const other = { "detail-type": "EC2 Instance Rebalance Recommendation", detail: { "instance-id": "i-2" } };
    const batch = { Messages: [{ Body: JSON.stringify(notice("i-1")) }, { Body: JSON.stringify(other) }] };
    const { states, others } = nodeReport(JSON.stringify(batch), "f", none);
    expect([...states]).toEqual([["i-1", "interrupted"]]);
    expect(others).toEqual(["EC2 Instance Rebalance Recommendation"]);
  });

  test("the newest state of an instance counts, in whatever order a queue delivers", () => {
    const at = (time: string, state: string) => ({
      "detail-type": "EC2 Instance State-change Notification",
      time,
      detail: { "instance-id": "i-1", state },
    });
    const [stopped, running] = [at("2026-01-01T00:00:00Z", "stopped"), at("2026-01-01T00:05:00Z", "running")];
    expect(failed(JSON.stringify([stopped, running]))).toEqual([]);
    expect(failed(JSON.stringify([running, stopped]))).toEqual([]);
    expect(failed(JSON.stringify([stopped, { ...running, time: "2025-12-31T00:00:00Z" }]))).toEqual(["i-1"]);
  });

  test("recommendations, notices without an instance and broken ones are refused", () => {
    expect(() => failed('{"detail-type":"EC2 Instance Rebalance Recommendation","detail":{"instance-id":"i-1"}}')).toThrow(
      /does not say/,
    );
    expect(() => failed('{"action":"terminate","time":"2026-01-01T00:00:00Z"}')).toThrow(/--failed NAME/);
    expect(() => failed('{"detail-type":"EC2 Spot Instance Interruption Warning"}')).toThrow(/instance-id/);
    expect(() => failed('{"Body":"{"}')).toThrow(/JSON/);
    expect(() => failed("[3]")).toThrow(/objects/);
  });
});

describe("nodes that are to leave, and lists of all nodes", () => {
  const covers = (text: string) => nodeReport(text, "f", none).covers;
  const node = (name: string, ready: string, unschedulable?: boolean) => ({
    kind: "Node",
    metadata: { name },
    spec: { unschedulable },
    status: { conditions: [{ type: "Ready", status: ready }] },
  });
  const list = (kind: string, items: object[], more = {}) => JSON.stringify({ kind, items, metadata: more });

  test("drained, cordoned and interrupted nodes leave, where they are up", () => {
    expect(drained("NODELIST STATE\na drain\nb DRAINED\nc idle\nd drng\ne IDLE+DRAIN\nf down+drain\ng drain*\n")).toEqual([
      "a",
      "b",
      "d",
      "e",
    ]);
    expect(drained("NAME STATUS\na Ready,SchedulingDisabled\nb Ready\nc NotReady,SchedulingDisabled\n")).toEqual(["a"]);
    expect(drained(list("List", [node("a", "True", true), node("b", "True", false), node("c", "False", true)]))).toEqual(["a"]);
    const notice = (kind: string, detail: object) =>
      JSON.stringify({ "detail-type": kind, detail: { "instance-id": "i-1", ...detail } });
    expect(drained(notice("EC2 Spot Instance Interruption Warning", {}))).toEqual(["i-1"]);
    expect(drained(notice("EC2 Instance State-change Notification", { state: "terminated" }))).toEqual([]);
    expect(drained("gpu[1-2]")).toEqual(["gpu1", "gpu2"]);
  });

  test("kubectl's lists to their end have all nodes; tables of sinfo what was asked for; the rest a few", () => {
    const [up, dead] = [node("a", "True"), node("b", "False")];
    expect(covers(list("List", [up, dead]))).toBe("all");
    expect(covers(list("NodeList", [dead]))).toBe("all");
    expect(covers(list("NodeList", [up], { continue: "token" }))).toBe("news");
    expect(covers(JSON.stringify(dead))).toBe("news");
    expect(covers(JSON.stringify({ type: "MODIFIED", object: dead }))).toBe("news");
    expect(covers("NAME STATUS\na Ready\nb NotReady\n")).toBe("all");
    expect(covers("NAME STATUS\nb NotReady\n")).toBe("news");
    expect(covers("NODELIST STATE\na idle\nb down\n")).toBe("asked");
    expect(covers("NODELIST STATE\nb down\n")).toBe("news");
    expect(covers("NodeName|TimeStart|TimeEnd|State\na|x|Unknown|IDLE\n")).toBe("news");
    expect(covers("a,b")).toBe("news");
    expect(covers(" ")).toBe("news");
  });
});
