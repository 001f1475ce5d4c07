/** AIReSim's default job (arXiv 2603.07041, Table 1): failures that strike while it works, each of which costs a fixed recovery. */
import { randomSource } from "../../core/algorithms/random.ts";
import type { HardwareSpec } from "../../core/cost/hardwareSpec.ts";
import type { ModelSpec } from "../../core/cost/modelSpec.ts";
import type { Job } from "../../core/simulation/job.ts";
import { loadSchedule } from "../../core/simulation/loadSchedule.ts";
import { logNormalLoads } from "../../core/simulation/logNormalLoads.ts";
import type { MembershipEvent } from "../../core/simulation/membership.ts";
import { simulateTrial } from "../../core/simulation/study.ts";
import { summarize } from "../../core/simulation/summary.ts";
import { trainingSystem, usualPolicy } from "../../core/simulation/systems.ts";

/** Of the report in its authors' repository (docs/SIMULATION_REPORT.md, September 2026), means of 30 runs. */
export const AIRESIM = { workSeconds: 256 * 86_400, failures: 11_062, recoverySeconds: 1200, ratio: 0.6249 };

const NODES = 8;

/**
 * Effective ratio of a job that fails as AIReSim's does, and of one that may fail in its recoveries too.
 * Nothing is lost but the step in progress: AIReSim counts no work since a checkpoint.
 */
export function airesimRatios(model: ModelSpec, { recovery, ...testbed }: HardwareSpec): { ours: number; struck: number } {
  const { workSeconds, failures, recoverySeconds } = AIRESIM;
  const between = workSeconds / failures;
  const random = randomSource(0);
  const changes: MembershipEvent[] = [];
  let seconds = 0;
  for (let i = 0; i < failures; i++) {
    seconds -= between * Math.log(1 - random.uniform());
    const node = i % NODES;
    changes.push({ seconds, event: "remove", node, replacedAt: seconds }, { seconds, event: "add", node, takesOver: true });
    seconds += recoverySeconds;
  }
  const { storeBytesPerSecond: _, ...rest } = recovery;
  const job: Job = {
    model,
    hardware: { ...testbed, recovery: { ...rest, checkpointSeconds: 0, restartSeconds: recoverySeconds } },
    loads: loadSchedule([new Array(model.layers).fill(logNormalLoads(model.experts, 0))], 1),
    gradientAccumulation: 1,
    seconds,
    samples: Number.POSITIVE_INFINITY,
  };
  const { method } = usualPolicy("peer-memory", model, Number.POSITIVE_INFINITY);
  const contestants = [{ system: trainingSystem("peer-memory", job), policy: method === undefined ? {} : { method } }];
  const membership = () => ({ initial: Array.from({ length: NODES }, (_, node) => node), changes });
  const ours = summarize([simulateTrial({ job, contestants, membership }, 0)])[0]!.effective.mean;
  return { ours, struck: Math.exp(-recoverySeconds / between) };
}
