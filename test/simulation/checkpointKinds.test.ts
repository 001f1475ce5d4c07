/** Checkpoints, drains, slow nodes and links in a run, worked out by hand. */
import { expect, test } from "vitest";
import { modelSize } from "../../src/core/cost/modelSize.ts";
import { storeSeconds } from "../../src/core/cost/trainingSpec.ts";
import { memoryCosts } from "../../src/core/simulation/checkpointing.ts";
import { noFailures } from "../../src/core/simulation/failureModels.ts";
import type { RunPolicy } from "../../src/core/simulation/job.ts";
import type { Membership } from "../../src/core/simulation/membership.ts";
import { checkpointSeconds } from "../../src/core/simulation/systems.ts";
import { jobOf, nodeIds, observed, rtx3090, tinyModel } from "../support/simulation.ts";

const checkpoint = { steps: 400 };
const run = (name: "ds" | "lazarus", what: RunPolicy, nodes: Membership, job = jobOf()) =>
  observed(name, job, what, nodes).result;

/** Seconds of one checkpoint of a run without failures. */
function pause(method: RunPolicy["method"], recovery = {}): number {
  const hardware = { ...rtx3090, recovery: { ...rtx3090.recovery, ...recovery } };
  const job = jobOf({ hardware, samples: 2001 * 4 * tinyModel.sequencesPerNode, seconds: 1e6 });
  const { seconds } = run("ds", { checkpoint, ...(method === undefined ? {} : { method }) }, noFailures(4), job);
  return seconds.checkpoint / 5;
}

const { dense, expert, total } = modelSize(tinyModel);
const fix = rtx3090.recovery.checkpointSeconds;
const rate = rtx3090.recovery.storeBytesPerSecond!;

test("a partial checkpoint writes the dense parameters and its share of the experts", () => {
  const experts = tinyModel.layers * tinyModel.experts * expert;
  expect(dense + experts).toBe(total);
  for (const share of [0, 0.25, 1])
    expect(pause({ kind: "partial", share })).toBeCloseTo(fix + (14 * (dense + share * experts)) / rate, 4);
  expect(pause(undefined)).toBeCloseTo(fix + (14 * total) / rate, 4);
});

test("a store's rate for all does not grow with the nodes, one for each node does until the store's own stops it", () => {
  const all = pause(undefined, { storeBytesPerSecond: 2e8 }) - fix;
  expect(all).toBeCloseTo((14 * total) / 2e8, 4);
  const both = pause(undefined, { storeBytesPerSecond: 2e8, storeBytesPerSecondPerNode: 1e8 }) - fix;
  expect(both).toBeCloseTo(all, 4);
  const each = pause(undefined, { storeBytesPerSecond: 1e12, storeBytesPerSecondPerNode: 1e8 }) - fix;
  expect(each).toBeCloseTo((14 * total) / 4e8, 4);
});

test("an interval left to Young and Daly follows what a checkpoint costs and how often it is needed", () => {
  const job = jobOf();
  const cost = fix + storeSeconds(job, 4);
  const blocking = { kind: "blocking" } as const;
  const between = 4 * 3600;
  expect(checkpointSeconds("ds", job, blocking, 4, between)).toBeCloseTo(Math.sqrt(2 * cost * between), 6);
  // A system that survives a failure needs its checkpoint when another comes in the time of a reconfiguration.
  const both = (between * between) / rtx3090.recovery.reconfigureSeconds;
  for (const name of ["lazarus", "ds-ft", "recycle", "hybrid"] as const)
    expect(checkpointSeconds(name, job, blocking, 4, between)).toBeCloseTo(Math.sqrt(2 * cost * both), 6);
  // In the background a checkpoint cannot begin before the one before has arrived.
  expect(checkpointSeconds("ds", job, { kind: "async" }, 4, 1)).toBeCloseTo(cost, 6);
});

test("nodes that leave with notice take no step with them: a restarting system saves first, an elastic one moves on", () => {
  const nodes = { initial: nodeIds(5), changes: [{ seconds: 1000, event: "drain" as const, node: 1 }] };
  const ds = run("ds", { checkpoint }, nodes);
  expect(ds).toMatchObject({ failures: 0, restarts: 1, lostSteps: 0, lostComputeSeconds: 0 });
  const lazarus = run("lazarus", { checkpoint }, nodes);
  expect(lazarus).toMatchObject({ failures: 0, restarts: 0, lostSteps: 0, lostComputeSeconds: 0 });
  expect(lazarus.seconds.reconfigure).toBe(rtx3090.recovery.scaleUpSeconds);
  // The same without notice costs a step and more.
  const failed = run("ds", { checkpoint }, { ...nodes, changes: [{ ...nodes.changes[0]!, event: "remove" }] });
  expect(failed).toMatchObject({ failures: 1, restarts: 1 });
  expect(failed.lostSteps).toBeGreaterThan(0);
});

test("the slowest node in use holds up computing, the worst link communication, and nothing else", () => {
  const parts = (compute: number, network: number) =>
    run("lazarus", {}, { ...noFailures(4), slowdown: (node) => (node === 2 ? { compute, network } : { compute: 1, network: 1 }) })
      .stepParts;
  const usual = run("lazarus", {}, noFailures(4)).stepParts;
  const [slow, degraded] = [parts(1.3, 1), parts(1, 2)];
  for (const part of ["dense", "experts"] as const) {
    expect(slow[part]).toBeCloseTo(1.3 * usual[part], 9);
    expect(degraded[part]).toBeCloseTo(usual[part], 9);
  }
  for (const part of ["denseSync", "allToAll", "expertSync"] as const) {
    expect(slow[part]).toBeCloseTo(usual[part], 9);
    expect(degraded[part]).toBeCloseTo(2 * usual[part], 9);
  }
  expect([slow.overhead, degraded.overhead]).toEqual([usual.overhead, usual.overhead]);
  // A slow node that is not used holds up nobody: groups of two leave node 4 over.
  const spare = { ...noFailures(5), slowdown: (node: number) => ({ compute: node === 4 ? 9 : 1, network: 1 }) };
  expect(run("ds", {}, spare).samples).toBe(run("ds", {}, noFailures(5)).samples);
});

test("copies in peers' memory cost a step what its idle network does not hide; a sparse window is as long as hides all", () => {
  const job = jobOf();
  const copy = (14 * total) / 4 / (rtx3090.networkBytesPerSecond * rtx3090.bandwidthEfficiency * rtx3090.gpusPerNode);
  const parts = (idle: number) => ({
    ...{ overhead: 0.2 * idle, dense: 0.3 * idle, experts: 0.5 * idle },
    ...{ denseSync: 7, allToAll: 8, expertSync: 9 },
  });
  const costs = (method: NonNullable<RunPolicy["method"]>, idle: number) => memoryCosts(job, method, 4, parts(idle))!;
  expect(memoryCosts(job, { kind: "async" }, 4, parts(1))).toBeUndefined();
  for (const everySteps of [1, 3]) {
    const peers = costs({ kind: "peers", everySteps }, 0.1 * copy);
    expect(peers).toMatchObject({ everySteps, behind: 0, isLocal: false });
    expect(peers.restoreSeconds).toBeCloseTo(copy, 12);
    expect(peers.stepSeconds).toBeCloseTo(copy / everySteps - 0.1 * copy, 12);
    expect(costs({ kind: "peers", everySteps }, 2 * copy).stepSeconds).toBe(0);
  }
  expect(costs({ kind: "sparse" }, copy / 2.5)).toMatchObject({ everySteps: 3, behind: 1, isLocal: true, stepSeconds: 0 });
  expect(costs({ kind: "sparse" }, 2 * copy).everySteps).toBe(1);
  const short = costs({ kind: "sparse", windowSteps: 2 }, copy / 2.5);
  expect(short.everySteps).toBe(2);
  expect(short.stepSeconds).toBeCloseTo((copy - (2 * copy) / 2.5) / 2, 12);
});
