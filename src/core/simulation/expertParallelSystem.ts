/** Classic expert parallelism (DeepSpeed MoE, Tutel): groups of nodes that hold one copy of all experts each. */

import { type HardwareSpec, nodeBytesPerSecond } from "../cost/hardwareSpec.ts";
import { modelSize } from "../cost/modelSize.ts";
import type { ModelSpec } from "../cost/modelSpec.ts";
import type { PlanCost } from "../cost/stepCost.ts";
import { Infeasible } from "../layout/infeasible.ts";
import type { LoadWindow } from "./loadSchedule.ts";
import type { Configuration, TrainingSystem } from "./trainingSystem.ts";

/** Variants of expert parallelism. */
export interface ExpertParallelOptions {
  readonly name: string;
  readonly model: ModelSpec;
  readonly hardware: HardwareSpec;
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
  const { name, model, hardware, faultTolerant } = options;
  const groupSize = model.expertParallelNodes;
  const ranks = groupSize * hardware.gpusPerNode;
  if (model.experts % ranks !== 0) {
    throw new Infeasible(`${model.experts} experts do not divide over the ${ranks} GPUs of an expert-parallel group`);
  }
  const expertsPerNode = model.experts / groupSize;
  const cached = new Map<number, { padded: number; computed: number }>();

  function busiestRank({ index, loads }: LoadWindow) {
    let sums = cached.get(index);
    if (sums === undefined) {
      const padded = sumOver(loads, (layer) => (model.experts * Math.max(...layer)) / total(layer));
      const computed = options.computesPadding
        ? padded
        : sumOver(loads, (layer) => (ranks * Math.max(...dealtTotals(layer, ranks))) / total(layer));
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
    return { ...next, transferSeconds: rounds * model.layers * expertsPerNode * expertSeconds };
  }

  function configure(candidates: readonly number[]): Configuration | undefined {
    const nodes = candidates.slice(0, Math.floor(candidates.length / groupSize) * groupSize);
    if (nodes.length === 0) return undefined;
    const groups = nodes.length / groupSize;
    const sync = (model.layers * expertsPerNode * (groups - 1)) / groups;
    const leaving = model.dispatchIsAllRemote ? 1 : leavingShare(nodes, groupSize, hardware);
    return {
      nodes,
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

/** Time that a token's way takes, in units of the way between servers: the worst node's mean over its group. */
function leavingShare(nodes: readonly number[], groupSize: number, hardware: HardwareSpec): number {
  const within = hardware.networkBytesPerSecond / hardware.serverBytesPerSecond;
  const server = (node: number) => Math.floor(node / hardware.nodesPerServer);
  let worst = 0;
  nodes.forEach((node, place) => {
    const first = place - (place % groupSize);
    let share = 0;
    for (const peer of nodes.slice(first, first + groupSize)) {
      if (peer !== node) share += (server(peer) === server(node) ? within : 1) / groupSize;
    }
    // The node's own GPUs exchange tokens too.
    worst = Math.max(worst, share + ((1 - 1 / hardware.gpusPerNode) * within) / groupSize);
  });
  return worst;
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0);
}

function sumOver<T>(items: readonly T[], measure: (item: T) => number): number {
  return items.reduce((sum, item) => sum + measure(item), 0);
}

/** Loads of ranks that experts are dealt to in turn: schedules may list experts by load, and no system places them so. */
function dealtTotals(loads: readonly number[], ranks: number): number[] {
  const totals = new Array<number>(ranks).fill(0);
  loads.forEach((load, expert) => {
    totals[expert % ranks]! += load;
  });
  return totals;
}
