/** How long a job stands still for what: by the constants of the hardware, or by the bytes that move. */
import { storeSeconds } from "../cost/trainingSpec.ts";
import type { Job } from "./job.ts";
import { toTicks } from "./membership.ts";
import type { SavedState } from "./protection.ts";
import type { Configuration } from "./trainingSystem.ts";

/** What `recover` assumes, too. */
const USUAL_DETECT_SECONDS = 15;
const USUAL_REGROUP_SECONDS = 10;

/** Lengths of a job's pauses, in ticks. */
export interface Pauses {
  /** Going on without failed nodes. */
  reconfigure(next: Configuration): number;
  /** Going on with nodes that joined, or without nodes that leave with notice. */
  change(next: Configuration): number;
  rebalance(next: Configuration): number;
  restart(next: Configuration, from: SavedState): number;
}

/** The pauses of a job. */
export function pausesOf(job: Job): Pauses {
  const { overlap = 0 } = job;
  const { recovery } = job.hardware;
  const { detectSeconds = USUAL_DETECT_SECONDS, regroupSeconds = USUAL_REGROUP_SECONDS } = recovery;
  const restart = ({ nodes }: Configuration, { memory }: SavedState) => {
    if (memory === undefined) return toTicks(recovery.restartSeconds + storeSeconds(job, nodes.length));
    const begin = memory.isLocal ? detectSeconds + regroupSeconds : recovery.restartSeconds;
    return toTicks(begin + memory.restoreSeconds);
  };
  if (job.constantPauses === true) {
    return {
      reconfigure: () => toTicks(recovery.reconfigureSeconds),
      change: () => toTicks(recovery.scaleUpSeconds),
      rebalance: () => toTicks(recovery.rebalanceSeconds),
      restart,
    };
  }
  const transfer = ({ transferSeconds = 0 }: Configuration) => transferSeconds;
  return {
    reconfigure: (next) => toTicks(detectSeconds + regroupSeconds + transfer(next)),
    change: (next) => toTicks(regroupSeconds + transfer(next)),
    // Nobody waits for a copy that is fetched beside the steps.
    rebalance: (next) => toTicks((1 - overlap) * transfer(next)),
    restart,
  };
}
