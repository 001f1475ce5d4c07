import * as fc from "fast-check";
import type { HardwareSpec } from "../../src/core/cost/hardwareSpec.ts";
import type { ModelSpec } from "../../src/core/cost/modelSpec.ts";
import type { Job, RunPolicy } from "../../src/core/simulation/job.ts";
import { type LoadSchedule, loadSchedule } from "../../src/core/simulation/loadSchedule.ts";
import type { Membership, MembershipEvent } from "../../src/core/simulation/membership.ts";
import { type RunSetup, simulateRun } from "../../src/core/simulation/simulateRun.ts";
import { pipelineSystems, type SystemName, systemNames, trainingSystem } from "../../src/core/simulation/systems.ts";
import type { TimelineRow } from "../../src/core/simulation/timeline.ts";
import type { TrainingSystem } from "../../src/core/simulation/trainingSystem.ts";
import { hardwarePreset, modelPreset } from "../../src/formats/presets/index.ts";

export const gptS = modelPreset("gpt-s") as ModelSpec;
export const rtx3090 = hardwarePreset("rtx3090") as HardwareSpec;
/** Systems that need no pipelines; those that do have a test file of their own. */
export const systemsToTest = systemNames.filter((name) => !pipelineSystems.includes(name));

/** A small model: two layers of four experts, so that runs are quick. */
export const tinyModel: ModelSpec = { ...gptS, name: "tiny", layers: 2, experts: 4, slotsPerNode: 2 } as ModelSpec;

/** Loads that never change. */
export function constantLoads(...layers: number[][]): LoadSchedule {
  return loadSchedule([layers], 1);
}

export function jobOf(overrides: Partial<Job> = {}): Job {
  return {
    model: tinyModel,
    hardware: rtx3090,
    loads: constantLoads([4, 3, 2, 1], [1, 1, 1, 1]),
    gradientAccumulation: 1,
    seconds: 3600,
    constantPauses: true,
    samples: Number.POSITIVE_INFINITY,
    ...overrides,
  };
}

const systems = new Map<string, TrainingSystem>();

/** A system for a job, made once: plans depend on nothing but the job, and some take their time. */
export function systemFor(name: SystemName, job: Job): TrainingSystem {
  const key = JSON.stringify([name, job.model, job.hardware, job.gradientAccumulation, job.loads]);
  const system = systems.get(key) ?? trainingSystem(name, job);
  systems.set(key, system);
  return system;
}

/** Runs a system and keeps its timeline. */
export function observed(
  name: SystemName,
  job: Job,
  policy: RunPolicy,
  membership: Membership,
  system: TrainingSystem = systemFor(name, job),
) {
  const rows: TimelineRow[] = [];
  const setup: RunSetup = {
    system,
    job,
    policy,
    membership,
    onTimeline: (row) => rows.push(row),
  };
  return { result: simulateRun(setup), rows };
}

export const nodeIds = (nodes: number) => Array.from({ length: nodes }, (_, node) => node);

/** Nodes that fail and join in any order, at any time, several at once too. */
export const membership: fc.Arbitrary<Membership & { changes: MembershipEvent[] }> = fc
  .record({
    nodes: fc.integer({ min: 2, max: 8 }),
    flips: fc.array(fc.record({ seconds: fc.integer({ min: 1, max: 3500 }), pick: fc.nat(7) }), { maxLength: 12 }),
  })
  .map(({ nodes, flips }) => {
    const live = new Set(nodeIds(nodes));
    const changes = flips
      .toSorted((a, b) => a.seconds - b.seconds)
      .map(({ seconds, pick }): MembershipEvent => {
        const node = pick % nodes;
        const event = live.delete(node) ? "remove" : "add";
        if (event === "add") live.add(node);
        return { seconds, event, node };
      });
    return { initial: nodeIds(nodes), changes };
  });

/** Loads that change from window to window. */
export const loads: fc.Arbitrary<LoadSchedule> = fc
  .array(fc.array(fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 4, maxLength: 4 }), { minLength: 2, maxLength: 2 }), {
    minLength: 1,
    maxLength: 4,
  })
  .chain((windows) => fc.integer({ min: 1, max: 40 }).map((steps) => loadSchedule(windows, steps)));

/** Checkpoints and rebalances of all kinds. */
export const policy: fc.Arbitrary<RunPolicy> = fc.record(
  {
    checkpoint: fc.oneof(
      fc.record({ steps: fc.integer({ min: 1, max: 300 }) }),
      fc.record({ seconds: fc.integer({ min: 20, max: 900 }) }),
    ),
    rebalanceSteps: fc.integer({ min: 1, max: 500 }),
  },
  { requiredKeys: [] },
);
