/** From what survived to a new plan: who plays which part, what moves, and in which order (Lazarus section 4.3). */
import { edgeColouring } from "../edgeColouring.ts";
import { FREE_SLOT, hostSets, type LayerPlacement, type Placement } from "../placement.ts";
import { chooseSources } from "./chooseSources.ts";
import { mappingPolicies, missingReplicas } from "./mapNodes.ts";
import { settleSlots } from "./settleSlots.ts";
import type { Survivors } from "./survivors.ts";

/** What survived, and what shall be. */
export interface ReconfigurationProblem {
  readonly survivors: Survivors;
  /** Placement of every layer on the live nodes; plan node p has the shape of live node p, but any alike may play it. */
  readonly plan: readonly LayerPlacement[];
  readonly mapping: keyof typeof mappingPolicies;
  /** Whether a plan node's part must go to a node of the same failure domain. */
  readonly keepDomains: boolean;
}

/** One replica on its way; nodes are live nodes. */
export interface Transfer {
  readonly layer: number;
  readonly expert: number;
  readonly from: number;
  readonly to: number;
  /** Transfers of one round run at the same time: a node sends at most one of them and receives at most one. */
  readonly round: number;
}

/** How to get from what survived to the plan. */
export interface Reconfiguration {
  /** Live node that plays each plan node's part, shape [plan nodes]. */
  readonly physicalNode: readonly number[];
  /** The plan on the live nodes; replicas that stay on a node keep their slots where they can. */
  readonly placement: Placement;
  /** By round, then layer, expert and receiver. Copies within a node are no transfers. */
  readonly transfers: readonly Transfer[];
  readonly rounds: number;
  /** Rounds that no schedule of these arrivals from old owners can undercut. */
  readonly lowerBoundRounds: number;
}

/**
 * Plans a reconfiguration: one mapping of plan nodes to live nodes serves all layers, replicas are sent by nodes that held
 * them before, and rounds are as few as can be.
 * @throws RangeError when an expert is lost, or survivors and plan differ in layers, experts or nodes
 */
export function reconfigure(problem: ReconfigurationProblem): Reconfiguration {
  const { survivors, plan, mapping, keepDomains } = problem;
  const { cluster } = survivors;
  checkFit(survivors, plan);
  const missing = missingReplicas(survivors, { cluster, layers: plan }, keepDomains);
  const physicalNode = Array.from(mappingPolicies[mapping](missing, cluster.length));
  const partOf = new Array<number>(cluster.length);
  physicalNode.forEach((node, part) => {
    partOf[node] = part;
  });
  const layers = plan.map((layer, index): LayerPlacement => {
    const held = survivors.layers[index]!.nodes;
    const nodes = cluster.map((node, n) => settleSlots(node, held[n]!, layer.nodes[partOf[n]!]!));
    return { ...layer, nodes };
  });
  return { physicalNode, placement: { cluster, layers }, ...schedule(survivors, layers) };
}

function schedule(
  survivors: Survivors,
  layers: readonly LayerPlacement[],
): Pick<Reconfiguration, "transfers" | "rounds" | "lowerBoundRounds"> {
  const owners: (readonly number[])[] = [];
  const carried: { layer: number; expert: number }[] = [];
  const replica: number[] = [];
  const to: number[] = [];
  layers.forEach((layer, index) => {
    const heldBy = hostSets(survivors.layers[index]!);
    hostSets(layer).forEach((hosts, expert) => {
      const old = heldBy[expert]!;
      const arrivals = hosts.filter((node) => !old.includes(node));
      if (arrivals.length === 0) return;
      for (const node of arrivals) {
        replica.push(owners.length);
        to.push(node);
      }
      owners.push(old);
      carried.push({ layer: layer.layer, expert });
    });
  });
  const nodes = survivors.cluster.length;
  const toNode = Int32Array.from(to);
  const domain = survivors.cluster.map((node) => node.domain);
  const sources = chooseSources({ replica: Int32Array.from(replica), to: toNode, owners, domain });
  const { colour, colours } = edgeColouring(sources.from, toNode, nodes, nodes);
  const transfers = replica.map((of, i): Transfer => {
    const { layer, expert } = carried[of]!;
    return { layer, expert, from: sources.from[i]!, to: to[i]!, round: colour[i]! };
  });
  transfers.sort((a, b) => a.round - b.round);
  return { transfers, rounds: colours, lowerBoundRounds: sources.lowerBound };
}

function checkFit(survivors: Survivors, plan: readonly LayerPlacement[]): void {
  const { cluster, layers, lost } = survivors;
  const first = lost[0];
  if (first) throw new RangeError(`${lost.length} experts are lost, the first is expert ${first.expert} of layer ${first.layer}`);
  if (plan.length !== layers.length)
    throw new RangeError(`the plan has ${plan.length} layers, the old placement ${layers.length}`);
  plan.forEach((layer, index) => {
    const old = layers[index]!;
    if (layer.layer !== old.layer || layer.loads.length !== old.loads.length) {
      throw new RangeError(
        `layer ${layer.layer} with ${layer.loads.length} experts of the plan stands where the old placement has ` +
          `layer ${old.layer} with ${old.loads.length}`,
      );
    }
    const misfit = cluster.findIndex((node, n) => layer.nodes[n]?.length !== node.slots);
    if (misfit >= 0 || layer.nodes.length !== cluster.length) {
      throw new RangeError(`layer ${layer.layer} of the plan does not fit the slots of the ${cluster.length} live nodes`);
    }
    for (const expert of layer.nodes.flat()) {
      if (expert !== FREE_SLOT && old.loads[expert] === undefined) {
        throw new RangeError(`layer ${layer.layer} of the plan places expert ${expert}, which does not exist`);
      }
    }
  });
}
