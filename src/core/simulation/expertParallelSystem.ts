/** Classic expert parallelism (DeepSpeed MoE, Tutel): groups of nodes that hold one copy of all experts each. */

import { nodeBytesPerSecond } from "../cost/hardwareSpec.ts";
import { modelSize } from "../cost/modelSize.ts";
import type { PlanCost } from "../cost/stepCost.ts";
import { dealtImbalance, expertGroups } from "./expertGroups.ts";
import type { IteratedJob } from "./jobIteration.ts";
import type { LoadWindow } from "./loadSchedule.ts";
import type { Configuration, TrainingSystem } from "./trainingSystem.ts";

/** Variants of expert parallelism. */
export interface ExpertParallelOptions {
  readonly name: string;
  readonly job: IteratedJob;
  /** Whether survivors regroup in memory while they hold all experts (Lazarus section 6.1, "FT"). */
  readonly faultTolerant: boolean;
  /** Whether experts compute on the padding, or only the all-to-all carries it (Tutel). */
  readonly computesPadding: boolean;
}

/**
 * A system with expert parallelism in groups of fixed size. Every expert's buffer is padded to the busiest expert's tokens.
 * Nodes beyond a multiple of the group size idle; a restart uses all live nodes, regrouping only the nodes in use.
 * @throws RangeError when the group does not divide the experts
 */
export function expertParallelSystem(options: ExpertParallelOptions): TrainingSystem {
  const { name, job, faultTolerant } = options;
  const { model, hardware } = job;
  const groups = expertGroups(name, job);
  const { groupSize, ranks, expertsPerNode } = groups;
  const cached = new Map<number, { padded: number; computed: number }>();

  function busiestRank({ index, loads }: LoadWindow) {
    let sums = cached.get(index);
    if (sums === undefined) {
      const padded = sumOver(loads, (layer) => (model.experts * Math.max(...layer)) / total(layer));
      const computed = options.computesPadding ? padded : sumOver(loads, (layer) => dealtImbalance(layer, ranks));
      sums = { padded, computed };
      cached.set(index, sums);
    }
    return sums;
  }

  const expertSeconds = (modelSize(model).expert * model.stateBytesPerParameter) / nodeBytesPerSecond(hardware);

  /** Survivors fetch what their new place in a group holds, from those who held it: as many at a time as these are. */
  function regroup(current: Configuration, live: readonly number[]): Configuration | undefined {
    const alive = new Set(live);
    const places = current.nodes.flatMap((node, place) => (alive.has(node) ? [place] : []));
    const next = configure(places.map((place) => current.nodes[place]!));
    if (next === undefined) return undefined;
    const holders = new Array<number>(groupSize).fill(0);
    const fetching = new Array<number>(groupSize).fill(0);
    places.forEach((place, now) => {
      holders[place % groupSize]!++;
      if (now < next.nodes.length && now % groupSize !== place % groupSize) fetching[now % groupSize]!++;
    });
    const rounds = fetching.reduce((most, count, part) => Math.max(most, Math.ceil(count / holders[part]!)), 0);
    return { ...next, transferSeconds: rounds * expertsPerNode * expertSeconds };
  }

  function configure(candidates: readonly number[]): Configuration | undefined {
    const most = Math.min(candidates.length, groups.mostNodes);
    const nodes = candidates.slice(0, Math.floor(most / groupSize) * groupSize);
    if (nodes.length === 0) return undefined;
    const copies = groups.copies(nodes.length);
    const sync = (expertsPerNode * (copies - 1)) / copies;
    const leaving = groups.leavingShare(nodes);
    return {
      nodes,
      iteration: groups.iteration?.(nodes.length),
      cost: (window): PlanCost => {
        const { padded, computed } = busiestRank(window);
        return { compute: computed, traffic: padded * leaving, sync };
      },
    };
  }

  return {
    name,
    start: configure,
    survive(current, live) {
      if (!faultTolerant) return undefined;
      const alive = new Set(live);
      const held = new Set(current.nodes.flatMap((node, place) => (alive.has(node) ? [place % groupSize] : [])));
      return held.size < groupSize ? undefined : regroup(current, live);
    },
    scaleUp(current, live) {
      const configuration = configure(live);
      if (configuration === undefined || configuration.nodes.length <= current.nodes.length) return undefined;
      return { configuration, by: faultTolerant ? "reconfigure" : "restart" };
    },
  };
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

function sumOver<T>(items: readonly T[], measure: (item: T) => number): number {
  return items.reduce((sum, item) => sum + measure(item), 0);
}
