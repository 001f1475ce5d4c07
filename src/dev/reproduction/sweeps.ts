/** What failure rate, slots per GPU, gradient accumulation and checkpoint interval do to `resilient` and `lazarus`. */
import type { HardwareSpec } from "../../core/cost/hardwareSpec.ts";
import type { ModelSpec } from "../../core/cost/modelSpec.ts";
import type { RunPolicy } from "../../core/simulation/job.ts";
import type { MembershipTrace } from "../../core/simulation/membershipTrace.ts";
import type { SystemName } from "../../core/simulation/systems.ts";
import { type Contest, contest, type Setting } from "./contest.ts";
import { OFTEN, RARELY, regularSetting } from "./singleFailures.ts";
import { spotSetting } from "./spotInstances.ts";
import type { RoutingTrace } from "./traces.ts";
import { cloudSetting } from "./tutel.ts";

/** Trials of each: a plan is what takes time, and all trials share it. */
const TRIALS = 5;
const REBALANCE_STEPS = 200;
const SLOTS = [4, 8];
const ACCUMULATION = [1, 4, 20];
const CHECKPOINT_STEPS = [50, 250, 1000];
/** Time between failures over that of the figure. */
const FAILURE_TIMES = [0.5, 2];

/** What a sweep works on. */
export interface SweepInputs {
  readonly model: ModelSpec;
  readonly testbed: HardwareSpec;
  readonly cloud: HardwareSpec;
  readonly routing: RoutingTrace;
  readonly nodes: MembershipTrace;
}

/** Varies one parameter at a time around the settings of Figures 6, 7, 9 and 12. */
export function sweeps({ model, testbed, cloud, routing, nodes }: SweepInputs): Contest[] {
  const regular = (frequency: typeof OFTEN) => regularSetting(frequency, model, testbed, routing, TRIALS);
  const contests: Contest[] = [];
  const add = (figure: string, what: string, setting: Setting, checkpointSteps?: number) => {
    const policy: RunPolicy = {
      ...setting.policies.get("lazarus"),
      rebalanceSteps: REBALANCE_STEPS,
      ...(checkpointSteps === undefined ? {} : { checkpoint: { steps: checkpointSteps } }),
    };
    const policies = new Map<SystemName, RunPolicy>([
      ["lazarus", policy],
      ["resilient", policy],
    ]);
    contests.push({ figure, what: `${model.name}, ${what}`, outcomes: contest({ ...setting, policies }) });
  };
  for (const frequency of [OFTEN, RARELY]) {
    for (const times of FAILURE_TIMES) {
      const everySeconds = times * frequency.everySeconds;
      add(frequency.figure, `a failure every ${everySeconds / 60} minutes`, regular({ ...frequency, everySeconds }));
    }
  }
  const settings: [string, Setting][] = [
    ["6", regular(OFTEN)],
    ["7", regular(RARELY)],
    ["9", spotSetting(model, testbed, routing, nodes, TRIALS)],
    ["12", cloudSetting(model, cloud, routing, TRIALS)],
  ];
  for (const [figure, setting] of settings) {
    const { job } = setting;
    for (const slotsPerNode of SLOTS) {
      add(figure, `${slotsPerNode} slots`, { ...setting, job: { ...job, model: { ...model, slotsPerNode } } });
    }
    for (const gradientAccumulation of ACCUMULATION.filter((steps) => steps !== job.gradientAccumulation)) {
      add(figure, `gradients every ${gradientAccumulation} steps`, { ...setting, job: { ...job, gradientAccumulation } });
    }
    for (const steps of CHECKPOINT_STEPS) {
      const every = { ...job, model: { ...model, faultTolerantCheckpointEvery: { steps } } };
      add(figure, `a checkpoint every ${steps} steps`, { ...setting, job: every }, steps);
    }
  }
  return contests;
}
