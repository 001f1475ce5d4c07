/** Checks from outside the paper: published figures of others, and closed forms, beside what the simulator gives. */
import type { HardwareSpec, RecoveryTimes } from "../../core/cost/hardwareSpec.ts";
import type { ModelSpec } from "../../core/cost/modelSpec.ts";
import { youngDalySeconds } from "../../core/simulation/checkpointing.ts";
import { noFailures } from "../../core/simulation/failureModels.ts";
import type { Job, RunPolicy } from "../../core/simulation/job.ts";
import { loadSchedule } from "../../core/simulation/loadSchedule.ts";
import { logNormalLoads } from "../../core/simulation/logNormalLoads.ts";
import { simulateTrial } from "../../core/simulation/study.ts";
import { summarize } from "../../core/simulation/summary.ts";
import { type SystemName, trainingSystem, usualPolicy } from "../../core/simulation/systems.ts";
import { unitFailures } from "../../core/simulation/unitFailures.ts";
import { fixed } from "../../report/table.ts";
import { AIRESIM, airesimRatios } from "./airesim.ts";
import { recycleExample } from "./recycle.ts";

/** A figure of somebody else beside ours. */
export interface OutsideCheck {
  readonly source: string;
  readonly what: string;
  readonly theirs: number;
  readonly ours: number;
  readonly basis: "fitted" | "predicted";
  /** Largest relative difference; or theirs is a bound that ours has to reach or keep. */
  readonly tolerance: number | "at least" | "at most";
  readonly remark: string;
}

/** What the checks work on. */
export interface OutsideInputs {
  readonly small: ModelSpec;
  readonly testbed: HardwareSpec;
  readonly deepSeek: ModelSpec;
  readonly h200: HardwareSpec;
  readonly h800: HardwareSpec;
}

const HOUR = 3600;
const DAY = 86_400;

/** Runs all checks. */
export function outsideChecks(inputs: OutsideInputs): OutsideCheck[] {
  return [
    ...dalyChecks(inputs),
    kokolisCheck(inputs),
    airesimCheck(inputs),
    llamaCheck(inputs),
    moevementCheck(inputs),
    deepSeekCheck(inputs),
    ...recycleChecks(),
  ];
}

/** A job that fails so often and is whole again with every restart. */
interface Setting {
  readonly system: SystemName;
  readonly model: ModelSpec;
  readonly hardware: HardwareSpec;
  readonly recovery: Partial<RecoveryTimes>;
  readonly nodes: number;
  readonly secondsBetween: number;
  readonly seconds: number;
  readonly checkpointSeconds?: number;
  readonly spareStartSeconds?: number;
  readonly trials: number;
}

/** Part of the time that goes to steps which nothing takes back. */
export function effectiveRatio(setting: Setting): number {
  const { system, model, nodes, secondsBetween, seconds, checkpointSeconds, spareStartSeconds = 0, trials } = setting;
  const { storeBytesPerSecond: _, ...recovery } = setting.hardware.recovery;
  const hardware = { ...setting.hardware, recovery: { ...recovery, ...setting.recovery } };
  const loads = loadSchedule([new Array(model.layers).fill(logNormalLoads(model.experts, 0))], 1);
  const gradientAccumulation = model.gradientAccumulation ?? 1;
  const job: Job = { model, hardware, loads, gradientAccumulation, seconds, samples: Number.POSITIVE_INFINITY };
  const never = Number.POSITIVE_INFINITY;
  const usual = usualPolicy(system, model, never);
  const policy: RunPolicy = checkpointSeconds === undefined ? usual : { ...usual, checkpoint: { seconds: checkpointSeconds } };
  const spec = {
    ...{ nodes, gpusPerNode: 1, nodesPerDomain: 1, shape: 1, repairSeconds: 1, spares: nodes, spareStartSeconds },
    ...{ mtbf: { gpu: never, node: nodes * secondsBetween, domain: never }, drainEverySeconds: never, drainSeconds: never },
  };
  const contestants = [{ system: trainingSystem(system, job), policy }];
  const study = { job, contestants, membership: (random: Parameters<typeof unitFailures>[1]) => unitFailures(spec, random) };
  return summarize(Array.from({ length: trials }, (__, seed) => simulateTrial(study, seed)))[0]!.effective.mean;
}

/** Daly 2006, equation 20 with its exact total time: failures may strike checkpoints and restarts too. */
function dalyRatio(interval: number, checkpoint: number, restart: number, mtbf: number): number {
  return interval / (mtbf * Math.exp(restart / mtbf) * (Math.exp((interval + checkpoint) / mtbf) - 1));
}

function dalyChecks({ small, testbed }: OutsideInputs): OutsideCheck[] {
  const [checkpoint, restart, mtbf] = [60, 300, 4.5 * HOUR];
  const best = youngDalySeconds(checkpoint, mtbf);
  return [best / 4, best, 4 * best].map((interval) => ({
    source: "Daly 2006",
    what: `effective ratio, a checkpoint every ${Math.round(interval)} s, MTBF 4.5 h`,
    theirs: dalyRatio(interval, checkpoint, restart, mtbf),
    ours: effectiveRatio({
      ...{ system: "ds", model: small, hardware: testbed, nodes: 4, secondsBetween: mtbf, seconds: 60 * DAY, trials: 10 },
      recovery: { checkpointSeconds: checkpoint, restartSeconds: restart },
      // Our interval is from beginning to beginning.
      checkpointSeconds: interval + checkpoint,
    }),
    basis: "predicted",
    tolerance: 0.01,
    remark: "60 s a checkpoint, 300 s a restart",
  }));
}

function kokolisCheck({ small, testbed }: OutsideInputs): OutsideCheck {
  const [start, interval, mtbf] = [5 * 60, HOUR, 7.9 * HOUR];
  return {
    source: "Kokolis et al., arXiv 2410.21680",
    what: "expected effective ratio of 1,024 GPUs, which fail every 7.9 h",
    theirs: 1 - (start + interval / 2) / mtbf,
    ours: effectiveRatio({
      ...{ system: "ds", model: small, hardware: testbed, nodes: 128, secondsBetween: mtbf, seconds: 60 * DAY, trials: 5 },
      recovery: { checkpointSeconds: 0, restartSeconds: start },
      checkpointSeconds: interval,
    }),
    basis: "predicted",
    tolerance: 0.01,
    remark:
      "their estimator to first order: hourly checkpoints that cost nothing, 5 min a start; 7.9 h as others quote the paper",
  };
}

function llamaCheck({ deepSeek, h200 }: OutsideInputs): OutsideCheck {
  const seconds = 54 * DAY;
  const between = seconds / 419;
  // 405 billion parameters of 14 bytes to a store of 2 TB/s.
  const checkpoint = (405e9 * 14) / 2e12;
  return {
    source: "Llama 3, arXiv 2407.21783",
    what: "effective ratio of 16,384 GPUs in 54 days with 419 unexpected interruptions",
    theirs: 0.9,
    ours: effectiveRatio({
      ...{ system: "ds", model: deepSeek, hardware: h200, nodes: 2048, secondsBetween: between, seconds, trials: 1 },
      recovery: { checkpointSeconds: checkpoint, restartSeconds: 600 },
      checkpointSeconds: youngDalySeconds(checkpoint, between),
      spareStartSeconds: 300,
    }),
    basis: "predicted",
    tolerance: "at least",
    remark: "store of 2 TB/s, as the report says it sustains; a restart of 10 min and spares within 5 min are our assumption",
  };
}

function moevementCheck({ deepSeek, h200 }: OutsideInputs): OutsideCheck {
  return {
    source: "MoEvement, arXiv 2412.15411",
    what: "effective ratio at an MTBF of 10 min",
    theirs: 0.94,
    ours: effectiveRatio({
      ...{ system: "moevement", model: deepSeek, hardware: h200, nodes: 64, secondsBetween: 600, seconds: 2 * DAY, trials: 5 },
      recovery: {},
    }),
    basis: "predicted",
    tolerance: "at least",
    remark: "deepseek-v3 on 512 H200, 15 s to notice, 10 s for groups; all steps of a window are repeated",
  };
}

/** Tokens a second and GPU of DeepSeek-V3 laid out as its report says (section 3.2): 16 stages, experts over 64 GPUs, no tensor parallelism. */
function deepSeekRate({ deepSeek }: OutsideInputs, h800: HardwareSpec): number {
  const nodes = 256;
  const layout = { tensor: 1, pipeline: 16, expert: 64, data: 128 };
  const job: Job = {
    ...{ model: deepSeek, hardware: h800, layout, globalBatch: 15_360, overlap: 1, gradientAccumulation: 1 },
    loads: loadSchedule([new Array(deepSeek.layers).fill(logNormalLoads(deepSeek.experts, 0))], 1),
    ...{ seconds: HOUR, samples: Number.POSITIVE_INFINITY },
  };
  const contestants = [{ system: trainingSystem("ds", job), policy: {} }];
  const [run] = simulateTrial({ job, contestants, membership: () => noFailures(nodes) }, 0);
  const step = Object.values(run!.stepParts).reduce((sum, part) => sum + part, 0);
  return (15_360 * deepSeek.sequence) / step / nodes / h800.gpusPerNode;
}

function deepSeekCheck(inputs: OutsideInputs): OutsideCheck {
  const { h200, h800 } = inputs;
  const byKernels = deepSeekRate(inputs, { ...h800, computeEfficiency: h200.computeEfficiency });
  return {
    source: "DeepSeek-V3, arXiv 2412.19437",
    what: "tokens a second and H800, 14.8 T tokens in 2.664 M GPU hours",
    theirs: 14.8e12 / 2.664e6 / HOUR,
    ours: deepSeekRate(inputs, h800),
    basis: "predicted",
    tolerance: 0.15,
    remark: `16 stages, experts over 64 GPUs, all communication behind computing; 43 % of the peak is what Llama 3 attained, an assumption that decides it: by the kernels' own ${fixed(h200.computeEfficiency, 2)} it were ${number(byKernels)}`,
  };
}

/** Within one slot: schedules are whole slots. */
function recycleChecks(): OutsideCheck[] {
  return recycleExample().rows.map(({ what, remark, ...figures }) => ({
    source: "ReCycle, arXiv 2405.14009",
    what: `slots of an iteration ${what}`,
    ...figures,
    basis: "predicted",
    tolerance: 1 / figures.theirs,
    remark: `${remark}; theirs as handed down, the paper's own text was not at hand`,
  }));
}

/** AIReSim's report on its paper's defaults. */
function airesimCheck({ small, testbed }: OutsideInputs): OutsideCheck {
  const { ours, struck } = airesimRatios(small, testbed);
  return {
    source: "AIReSim, arXiv 2603.07041",
    what: "effective ratio of 4,096 servers, a failure every 33.3 min of work",
    theirs: AIRESIM.ratio,
    ours,
    basis: "predicted",
    tolerance: 0.01,
    remark: `report in its repository: 20 min a recovery, in which nothing fails; could it fail then too, it were ${fixed(struck, 3)}`,
  };
}

/** A figure of a check with as many digits as say something. */
export function number(value: number): string {
  return value >= 100 ? fixed(value, 0) : fixed(value, 3);
}
