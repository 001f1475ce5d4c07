/** From what survived to a new plan: who plays which part, what moves, and in which order (Lazarus section 4.3). */
import { edgeColouring } from "../algorithms/edgeColouring.ts";
import { FREE_SLOT, hostSets, type LayerPlacement, type Placement, type SpilledExpert } from "../layout/placement.ts";
import type { Shares } from "../placement/policy.ts";
import { chooseSources } from "./chooseSources.ts";
import { exchangeExperts } from "./exchangeExperts.ts";
import { mappingPolicies, missingReplicas } from "./mapNodes.ts";
import { rankLoadLimit } from "./rankLoadLimit.ts";
import { gpusOfParts, settleSlots } from "./settleSlots.ts";
import { keepInMemory, MEMORY_COPIES } from "./spillExperts.ts";
import type { Survivors } from "./survivors.ts";

/** Exchanges go on while a round of them saves this share of the transfers. */
const LEAST_SAVING = 0.02;

/** What survived, and what shall be. */
export interface ReconfigurationProblem {
  readonly survivors: Survivors;
  /** Placement of every layer on the live nodes; plan node p has the shape of live node p, but any alike may play it. */
  readonly plan: readonly LayerPlacement[];
  readonly mapping: keyof typeof mappingPolicies;
  /** Whether a plan node's part must go to a node of the same failure domain. */
  readonly keepDomains: boolean;
  /**
   * Lets experts of a layer exchange places where that saves transfers and makes the busiest rank no busier when tokens are
   * shared like this; left out, every expert keeps the places that the plan gives it.
   */
  readonly exchange?: Shares;
  /** Nodes that keep an expert in host memory when the plan has no slot for it, where that many hold it; 2 when left out. */
  readonly memoryCopies?: number;
}

/** One replica on its way; nodes are live nodes, senders also nodes that leave. */
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
  /** Live node that plays each plan node's part, in every layer, shape [plan nodes]. */
  readonly physicalNode: readonly number[];
  /** The plan on the live nodes; replicas that stay on a node keep their slots where they can. */
  readonly placement: Placement;
  /** By round, then layer, expert and receiver. Copies within a node are no transfers. */
  readonly transfers: readonly Transfer[];
  /** Experts without a slot, by layer and expert. */
  readonly spilled: readonly SpilledExpert[];
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
  const { survivors, plan, exchange, memoryCopies = MEMORY_COPIES } = problem;
  checkFit(survivors, plan);
  const { cluster } = survivors;
  let best = mapPlan(problem, plan);
  // After an exchange another mapping may be better, and the other way round.
  for (let before = Infinity; exchange !== undefined && best.moves < before * (1 - LEAST_SAVING); ) {
    const exchanged = best.layers.map((layer, index) => {
      let isNoBusier: ReturnType<typeof rankLoadLimit> | undefined;
      return exchangeExperts(layer, survivors.holders[index]!, (candidate) => {
        isNoBusier ??= rankLoadLimit(cluster, layer, exchange);
        return isNoBusier(candidate);
      });
    });
    const next = mapPlan(problem, exchanged);
    before = best.moves;
    if (next.moves < best.moves) best = { ...next, physicalNode: best.physicalNode.map((node) => next.physicalNode[node]!) };
  }
  const layers = settled(survivors, best.layers);
  return {
    physicalNode: best.physicalNode,
    placement: { cluster, layers },
    spilled: keepInMemory(survivors, layers, memoryCopies),
    ...schedule(survivors, layers),
  };
}

/**
 * The layers with their replicas in old slots where they can be. GPUs exchange what the plan puts on them in all layers alike, so that
 * as few sets of GPUs hold experts as in the plan.
 */
function settled({ cluster, layers }: Survivors, wanted: readonly LayerPlacement[]): LayerPlacement[] {
  const nodes = cluster.map((node, n) => {
    const changes = wanted.map((layer, l) => ({ held: layers[l]!.nodes[n]!, planned: layer.nodes[n]! }));
    const gpus = gpusOfParts(node, changes);
    return changes.map((change) => settleSlots(node, change, gpus));
  });
  return wanted.map((layer, l) => ({ ...layer, nodes: nodes.map((ofLayers) => ofLayers[l]!) }));
}

/** A plan on physical nodes. */
interface MappedPlan {
  readonly physicalNode: readonly number[];
  readonly layers: readonly LayerPlacement[];
  /** Replicas that their nodes do not hold yet. */
  readonly moves: number;
}

function mapPlan(problem: ReconfigurationProblem, plan: readonly LayerPlacement[]): MappedPlan {
  const { survivors, mapping, keepDomains } = problem;
  const { cluster } = survivors;
  const missing = missingReplicas(survivors, { cluster, layers: plan }, keepDomains);
  const physicalNode = Array.from(mappingPolicies[mapping](missing, cluster.length));
  const partOf = new Int32Array(cluster.length);
  let moves = 0;
  physicalNode.forEach((node, part) => {
    partOf[node] = part;
    moves += missing[part * cluster.length + node]!;
  });
  const layers = plan.map((layer) => ({ ...layer, nodes: cluster.map((_, n) => layer.nodes[partOf[n]!]!) }));
  return { physicalNode, layers, moves };
}

/** Who sends what to whom, and when, as every node keeps its part. */
export function schedule(
  survivors: Survivors,
  layers: readonly LayerPlacement[],
): Pick<Reconfiguration, "transfers" | "rounds" | "lowerBoundRounds"> {
  const owners: (readonly number[])[] = [];
  const carried: { layer: number; expert: number }[] = [];
  const replica: number[] = [];
  const to: number[] = [];
  layers.forEach((layer, index) => {
    const heldBy = survivors.holders[index]!;
    const leavers = survivors.leaving?.holders[index];
    hostSets(layer).forEach((hosts, expert) => {
      const old = heldBy[expert]!;
      let next = 0;
      for (const node of hosts) {
        while (next < old.length && old[next]! < node) next++;
        if (old[next] === node) continue;
        replica.push(owners.length);
        to.push(node);
      }
      owners.push(leavers === undefined ? old : [...old, ...leavers[expert]!]);
      carried.push({ layer: layer.layer, expert });
    });
  });
  const domain = [...survivors.cluster, ...(survivors.leaving?.cluster ?? [])].map((node) => node.domain);
  const nodes = domain.length;
  const toNode = Int32Array.from(to);
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
    for (const slots of layer.nodes) {
      const stranger = slots.find((expert) => expert !== FREE_SLOT && old.loads[expert] === undefined);
      if (stranger !== undefined) {
        throw new RangeError(`layer ${layer.layer} of the plan places expert ${stranger}, which does not exist`);
      }
    }
  });
}
