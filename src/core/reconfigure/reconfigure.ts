/** From what survived to a new plan: who plays which part, what moves, and in which order (Lazarus section 4.3). */
import { checkChoice } from "../algorithms/checkChoice.ts";
import { edgeColouring } from "../algorithms/edgeColouring.ts";
import { FREE_SLOT, hostSets, type LayerPlacement, type Placement, type SpilledExpert } from "../layout/placement.ts";
import { SHARES, type Shares } from "../placement/policy.ts";
import { chooseSources } from "./chooseSources.ts";
import { exchangeExperts } from "./exchangeExperts.ts";
import { MAPPING_POLICIES, mappingPolicies, missingReplicas } from "./mapNodes.ts";
import { rankLoadLimit } from "./rankLoadLimit.ts";
import type { RestoredCopy, Tier } from "./restorable.ts";
import { chooseReaders } from "./restore.ts";
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
  /** Where the sender has it, unless in a slot. */
  readonly source?: "host";
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
  /** What nodes take out of their host memory or the store, where experts live nowhere. */
  readonly restored?: readonly RestoredCopy[];
}

/**
 * Plans a reconfiguration: one mapping of plan nodes to live nodes serves all layers, replicas are sent by nodes that held
 * them before, and rounds are as few as can be.
 * @throws RangeError when an expert is lost, or survivors and plan differ in layers, experts or nodes
 */
export function reconfigure(problem: ReconfigurationProblem): Reconfiguration {
  const { survivors, plan, exchange, memoryCopies = MEMORY_COPIES } = problem;
  checkChoice("mapping", problem.mapping, MAPPING_POLICIES);
  checkChoice("exchange", exchange, SHARES);
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
    ...schedule(survivors, layers, memoryCopies),
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
  memoryCopies: number,
): Pick<Reconfiguration, "spilled" | "transfers" | "rounds" | "lowerBoundRounds" | "restored"> {
  const { missing = [], cluster } = survivors;
  const tierOf = new Map(missing.map(({ layer, expert, tier }) => [`${layer}/${expert}`, tier]));
  const stored = missing.filter(({ tier }) => tier === "store");
  const readers = chooseReaders(
    stored.map(({ index, expert }) => {
      const hosts = hostSets(layers[index]!)[expert]!;
      return hosts.length > 0 ? hosts : [...cluster.keys()];
    }),
    cluster.length,
  );
  const restored: RestoredCopy[] = stored.map(({ layer, expert, tier }, i) => ({ layer, expert, tier, to: readers[i]! }));
  const holders = survivors.holders.map((experts) => [...experts]);
  stored.forEach(({ index, expert }, i) => {
    holders[index]![expert] = [readers[i]!];
  });
  const arrivals: Arrival[] = [];
  layers.forEach((layer, index) => {
    const leavers = survivors.leaving?.holders[index];
    hostSets(layer).forEach((hosts, expert) => {
      const old = holders[index]![expert]!;
      const tier = tierOf.get(`${layer.layer}/${expert}`);
      const owners = leavers === undefined ? old : [...old, ...leavers[expert]!];
      for (const to of hosts) {
        if (!old.includes(to)) arrivals.push({ layer: layer.layer, expert, owners, to, tier });
        else if (tier === "host") restored.push({ layer: layer.layer, expert, tier, to });
      }
    });
  });
  const first = inRounds(
    arrivals.filter(({ tier }) => tier !== "store"),
    survivors,
  );
  // What the store brings is sent on when all of it is there.
  const then = inRounds(
    arrivals.filter(({ tier }) => tier === "store"),
    survivors,
  );
  return {
    spilled: keepInMemory({ cluster, holders }, layers, memoryCopies),
    transfers: [...first.transfers, ...then.transfers.map((sent) => ({ ...sent, round: first.rounds + sent.round }))],
    rounds: first.rounds + then.rounds,
    lowerBoundRounds: Math.max(first.lowerBoundRounds, then.lowerBoundRounds),
    ...(missing.length > 0 && { restored }),
  };
}

/** A replica that has to reach a node, and who can send it. */
interface Arrival {
  readonly layer: number;
  readonly expert: number;
  readonly owners: readonly number[];
  readonly to: number;
  readonly tier: Tier | undefined;
}

function inRounds(
  arrivals: readonly Arrival[],
  { cluster, leaving }: Survivors,
): Pick<Reconfiguration, "transfers" | "rounds" | "lowerBoundRounds"> {
  const domain = [...cluster, ...(leaving?.cluster ?? [])].map((node) => node.domain);
  const nodes = domain.length;
  const to = Int32Array.from(arrivals, (arrival) => arrival.to);
  const replica = Int32Array.from(arrivals, (_, i) => i);
  const sources = chooseSources({ replica, to, owners: arrivals.map(({ owners }) => owners), domain });
  const { colour, colours } = edgeColouring(sources.from, to, nodes, nodes);
  const transfers = arrivals.map(({ layer, expert, tier, ...arrival }, i): Transfer => {
    const source = tier === "host" ? { source: tier } : {};
    return { layer, expert, from: sources.from[i]!, to: arrival.to, round: colour[i]!, ...source };
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
