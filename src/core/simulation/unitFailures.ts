/** A cluster whose GPUs, nodes and failure domains fail at their own rates, with repairs, spares and maintenance. */
import { type RandomSource, randomSource } from "../algorithms/random.ts";
import { EventQueue } from "./eventQueue.ts";
import type { Membership, MembershipEvent } from "./membership.ts";

/** How a cluster behaves. Times are seconds; Infinity for what never happens. */
export interface UnitFailureSpec {
  readonly nodes: number;
  readonly gpusPerNode: number;
  /** Nodes that fail as one, in the order of their numbers. */
  readonly nodesPerDomain: number;
  /** Mean time between failures of a single unit of each kind. */
  readonly mtbf: { readonly gpu: number; readonly node: number; readonly domain: number };
  /** Weibull shape of the times between a unit's failures: 1 exponential, below 1 failures come in bursts, above 1 by wear. */
  readonly shape: number;
  readonly repairSeconds: number;
  /** Nodes beside those of the job, each of which takes the place of one that is down. */
  readonly spares: number;
  /** Until a spare has taken over. */
  readonly spareStartSeconds: number;
  /** Every so often one node after the other is taken away with notice, for a while. */
  readonly drainEverySeconds: number;
  readonly drainSeconds: number;
}

/** Seconds between two events of the whole cluster that take nodes away unannounced. */
export function secondsBetweenUnitFailures({ nodes, gpusPerNode, nodesPerDomain, mtbf }: UnitFailureSpec): number {
  return 1 / ((nodes * gpusPerNode) / mtbf.gpu + nodes / mtbf.node + Math.ceil(nodes / nodesPerDomain) / mtbf.domain);
}

/** What comes next; `id` is a unit, or a place in the cluster. */
interface ClusterEvent {
  readonly kind: "failure" | "repaired" | "back" | "drain";
  readonly id: number;
  /** Of a place that comes back: whether by a spare. */
  readonly isSpare?: boolean;
}

/**
 * Draws when nodes go and come back. Every unit has a stream of its own and fails at the same moments whatever is repaired and
 * replaced when, so that settings can be compared on the same failures; who is down already cannot fail. A failure of a GPU takes
 * its node away. A repaired node goes back to its place, or joins the spares where one has taken it.
 */
export function unitFailures(spec: UnitFailureSpec, random: RandomSource): Membership {
  const { nodes, gpusPerNode, nodesPerDomain, mtbf, shape } = spec;
  const seed = random.below(0x7fffffff);
  const domains = Math.ceil(nodes / nodesPerDomain);
  const gpus = Number.isFinite(mtbf.gpu) ? nodes * gpusPerNode : 0;
  const wholeNodes = Number.isFinite(mtbf.node) ? nodes : 0;
  const units = gpus + wholeNodes + (Number.isFinite(mtbf.domain) ? domains : 0);
  const scale = 1 / gammaFunction(1 + 1 / shape);
  const meanOf = (unit: number) => (unit < gpus ? mtbf.gpu : unit < gpus + wholeNodes ? mtbf.node : mtbf.domain);
  const placesOf = (unit: number): number[] => {
    if (unit < gpus) return [Math.floor(unit / gpusPerNode)];
    if (unit < gpus + wholeNodes) return [unit - gpus];
    const first = (unit - gpus - wholeNodes) * nodesPerDomain;
    return Array.from({ length: Math.min(nodesPerDomain, nodes - first) }, (_, i) => first + i);
  };

  function* changes(): Generator<MembershipEvent> {
    const streams = Array.from({ length: units }, (_, unit) => randomSource(seed, unit));
    const lifetime = (unit: number) => meanOf(unit) * scale * (-Math.log(1 - streams[unit]!.uniform())) ** (1 / shape);
    const queue = new EventQueue<ClusterEvent>();
    const live = new Uint8Array(nodes).fill(1);
    const waiting: number[] = [];
    let spares = spec.spares;
    let liveNodes = nodes;
    /** Repairs and returns that are due. */
    let coming = 0;
    for (let unit = 0; unit < units; unit++) queue.add(lifetime(unit), { kind: "failure", id: unit });
    queue.add(spec.drainEverySeconds, { kind: "drain", id: 0 });

    const takeOver = (place: number, seconds: number) => {
      spares--;
      coming++;
      queue.add(seconds + spec.spareStartSeconds, { kind: "back", id: place, isSpare: true });
    };
    const goAway = (place: number, seconds: number, away: number) => {
      live[place] = 0;
      liveNodes--;
      waiting.push(place);
      if (away !== Number.POSITIVE_INFINITY) coming++;
      queue.add(seconds + away, { kind: "repaired", id: place });
      if (spares > 0) takeOver(waiting.shift()!, seconds);
    };
    for (let next = queue.take(); next !== undefined; next = queue.take()) {
      const { seconds, event } = next;
      const { kind, id } = event;
      if (kind === "failure") {
        queue.add(seconds + lifetime(id), event);
        for (const place of placesOf(id)) {
          if (live[place] === 0) continue;
          yield {
            seconds,
            event: "remove",
            node: place,
            ...(spares > 0 ? { replacedAt: seconds + spec.spareStartSeconds } : {}),
          };
          goAway(place, seconds, spec.repairSeconds);
        }
      } else if (kind === "drain") {
        queue.add(seconds + spec.drainEverySeconds, { kind, id: (id + 1) % nodes });
        if (live[id] === 0) continue;
        yield { seconds, event: "drain", node: id };
        goAway(id, seconds, spec.drainSeconds);
      } else if (kind === "repaired") {
        const at = waiting.indexOf(id);
        if (at >= 0) {
          waiting.splice(at, 1);
          queue.add(seconds, { kind: "back", id });
        } else {
          coming--;
          spares++;
          if (waiting.length > 0) takeOver(waiting.shift()!, seconds);
        }
      } else {
        live[id] = 1;
        liveNodes++;
        coming--;
        yield { seconds, event: "add", node: id, ...(event.isSpare === true ? { takesOver: true } : {}) };
      }
      if (liveNodes > 0) continue;
      // Who waits for nodes looks at the clock, as long as some may come.
      if (coming === 0) return;
      yield { seconds, event: "none", node: 0 };
    }
  }
  return { initial: Array.from({ length: nodes }, (_, place) => place), changes: { [Symbol.iterator]: changes } };
}

/** Lanczos' approximation for arguments above 0.5, to about 10 digits. */
function gammaFunction(x: number): number {
  const coefficients = [
    76.18009172947146, -86.50532032941678, 24.01409824083091, -1.231739572450155, 1.208650973866179e-3, -5.395239384953e-6,
  ];
  const y = x - 1;
  const sum = coefficients.reduce((total, c, i) => total + c / (y + 1 + i), 1.000000000190015);
  return Math.sqrt(2 * Math.PI) * (y + 5.5) ** (y + 0.5) * Math.exp(-(y + 5.5)) * sum;
}
