/** Failures that are drawn: when nodes of a cluster go, and when they come back. */
import { type RandomSource, shuffle } from "../algorithms/random.ts";
import type { Membership, MembershipEvent } from "./membership.ts";
import { unitFailures } from "./unitFailures.ts";

const SECONDS_PER_HOUR = 3600;

/**
 * A random live node fails at regular intervals until only some are left (Lazarus section 6.2).
 * @param keep nodes that never fail
 */
export function regularFailures(nodes: number, everySeconds: number, keep: number, random: RandomSource): Membership {
  const order = shuffle(nodeIds(nodes), random).slice(0, Math.max(0, nodes - keep));
  return {
    initial: nodeIds(nodes),
    changes: order.map((node, i) => ({ seconds: everySeconds * (i + 1), event: "remove", node })),
  };
}

/**
 * Nodes fail independently after exponential times and come back a fixed time later.
 * @param mtbfSeconds mean time between failures of the whole cluster while all nodes live
 * @param repairSeconds Infinity when failed nodes stay away
 */
export function exponentialFailures(nodes: number, mtbfSeconds: number, repairSeconds: number, random: RandomSource): Membership {
  const never = Number.POSITIVE_INFINITY;
  const spec = {
    ...{ nodes, gpusPerNode: 1, nodesPerDomain: nodes, shape: 1, repairSeconds, spares: 0, spareStartSeconds: 0 },
    ...{ mtbf: { gpu: never, node: mtbfSeconds * nodes, domain: never }, drainEverySeconds: never, drainSeconds: never },
  };
  return unitFailures(spec, random);
}

/**
 * Spot instances as Bamboo's simulator has them (NSDI 2023): in every hour each live node is preempted with one probability,
 * and each missing one comes back with another that is drawn anew for the hour; both at a uniform second of it.
 */
export function hourlyPreemptions(nodes: number, probability: number, random: RandomSource): Membership {
  function* changes(): Generator<MembershipEvent> {
    const live = new Array<boolean>(nodes).fill(true);
    for (let hour = 0; ; hour++) {
      const returning = random.uniform();
      const events: MembershipEvent[] = [];
      for (let node = 0; node < nodes; node++) {
        const chance = random.uniform();
        const seconds = SECONDS_PER_HOUR * (hour + random.uniform());
        if (chance >= (live[node] ? probability : returning)) continue;
        events.push({ seconds, event: live[node] ? "remove" : "add", node });
        live[node] = !live[node];
      }
      yield* events.sort((a, b) => a.seconds - b.seconds);
      if (events.length === 0) yield { seconds: SECONDS_PER_HOUR * (hour + 1), event: "none", node: 0 };
    }
  }
  return { initial: nodeIds(nodes), changes: { [Symbol.iterator]: changes } };
}

/** Nobody fails. */
export function noFailures(nodes: number): Membership {
  return { initial: nodeIds(nodes), changes: [] };
}

function nodeIds(nodes: number): number[] {
  return Array.from({ length: nodes }, (_, node) => node);
}
