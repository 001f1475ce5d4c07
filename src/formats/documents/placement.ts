/** placement: which expert replicas every node holds, how likely they survive, how evenly they share the load. */
import * as z from "zod/mini";
import { countReplicas, FREE_SLOT, type Placement } from "../../core/layout/placement.ts";
import { EFFORTS, FAILURE_UNITS, OBJECTIVES, SHARES } from "../../core/placement/policy.ts";
import { InputError, quoteInput, shownName } from "../../errors.ts";
import { deadGpusFault, nodeSchema } from "./node.ts";
import { operation } from "./operation.ts";
import { redundancySchema } from "./redundancy.ts";
import { failuresSchema, resilience, unitResilience } from "./resilience.ts";
import { amount, checkDocument, count, label, nodeName, positiveCount, probability, wholeNumbers, window } from "./schema.ts";

/** Load of the busiest GPU over the mean: with even shares, and with the best ones. */
const balanceSchema = z.object({
  even: amount,
  optimal: amount,
  /** Over the layers; the others are those of the worst layer. Documents of earlier versions lack these. */
  evenMean: z.optional(amount),
  optimalMean: z.optional(amount),
  /** Numbers of the worst layers. */
  worst: z.optional(z.object({ even: count, optimal: count })),
  /** For nodes: load per GPU of the busiest one over the mean. */
  byNode: z.optional(z.object({ even: amount, optimal: amount })),
});

export const placementSchema = z.object({
  type: z.literal("placement"),
  version: z.literal(1),
  /** Iterations that the loads are of, where there are placements for several windows. */
  window: z.optional(window),
  nodes: z.array(nodeSchema),
  policy: z.object({
    allocation: z.optional(label),
    placement: label,
    minReplicas: positiveCount,
    keptMinReplicas: z.optional(positiveCount),
    seed: count,
    /** Expert groups, with placement eplb. */
    groups: z.optional(positiveCount),
    /** How replicas share tokens; documents of earlier versions say so for placement balanced only. */
    shares: z.optional(z.enum(SHARES)),
    /** How long the search was, where there is one. */
    effort: z.optional(z.enum(EFFORTS)),
    /** What fails as one, and limit of balance, with placement resilient; null for no limit. */
    failureUnit: z.optional(z.enum(FAILURE_UNITS)),
    balanceSlack: z.optional(z.nullable(amount)),
    /** What resilient is after; a step's limit is a multiple of the paper's placement's step. */
    objective: z.optional(z.enum(OBJECTIVES)),
    stepBudget: z.optional(amount),
    /** That a node fails, where `recovery` does not say. */
    failureProbability: z.optional(probability),
    /** Copies in host memory, where `survivalWithHostMemory` does not say. */
    hostCopies: z.optional(positiveCount),
    /** Seconds that a step of the job takes for each unit of the cost, and what failures cost it. */
    training: z.optional(
      z.object({
        base: amount,
        perCompute: amount,
        perTraffic: amount,
        perSync: amount,
        samplesPerStep: amount,
        failures: z.optional(
          z.object({
            secondsBetween: amount,
            reconfigureSeconds: amount,
            restartSeconds: amount,
            repeatedSeconds: amount,
            repeatedSteps: amount,
            savingSecondsPerStep: z.optional(amount),
          }),
        ),
      }),
    ),
  }),
  /** What led to it from the plan it goes on from (place --from), in order. */
  operations: z.optional(z.array(operation)),
  layers: z.array(
    z.object({
      layer: count,
      loads: wholeNumbers(0, "whole numbers of tokens, none negative"),
      replicas: wholeNumbers(0, "whole numbers of copies"),
      nodes: z.array(wholeNumbers(FREE_SLOT, `expert ids, or ${FREE_SLOT} for a free slot`)),
    }),
  ),
  recovery: z.optional(
    z.object({
      ...resilience,
      /** What counted the sampled orders through gpu.js; nothing when it was not asked to. */
      backend: z.optional(z.object({ name: label, adapter: label, software: z.boolean() })),
      certified: z.boolean(),
      /** What the upper bound holds for: any placement with these replica counts, or any on these slots. */
      bound: z.optional(z.enum(["replicas", "slots"])),
      failureProbability: z.optional(probability),
      /** By what fails, where that is not nodes alone: `count` live GPUs, nodes (as above) or failure domains. */
      byUnit: z.optional(z.object({ gpu: unitResilience, node: unitResilience, domain: unitResilience })),
    }),
  ),
  /** Recovery when experts are reloaded from host memory: `copies` nodes after each keep what it holds; `domain` when domains fail. */
  survivalWithHostMemory: z.optional(z.object({ copies: positiveCount, ...resilience, domain: unitResilience })),
  /** Experts without a slot, and the nodes that keep them in host memory. */
  spilled: z.optional(z.array(z.object({ layer: count, expert: count, nodes: z.array(nodeName) }))),
  explanation: z.optional(
    z.object({
      /** Nodes of the smallest failure that loses an expert. */
      fatalFailures: positiveCount,
      criticalSets: z.array(z.object({ nodes: z.array(nodeName), experts: z.array(z.object({ layer: count, expert: count })) })),
      /** Probability that the job dies when the node is among `fatalFailures` failed ones. */
      criticality: z.array(z.object({ node: nodeName, probability })),
      alternatives: z.array(
        z.object({
          change: label,
          failures: failuresSchema,
          tolerates: count,
          survival: probability,
          balance: balanceSchema,
        }),
      ),
    }),
  ),
  balance: z.optional(balanceSchema),
  /** How the number of slots was chosen: the fewest that reach a goal, and what other numbers reach. */
  redundancy: z.optional(redundancySchema),
  /** What a step asks of the busiest rank and node; seconds and useful samples per second where the job is known. */
  cost: z.optional(
    z.object({
      shares: z.enum(SHARES),
      compute: amount,
      traffic: amount,
      sync: amount,
      stepSeconds: z.optional(amount),
      samplesPerSecond: z.optional(amount),
      usefulSamplesPerSecond: z.optional(amount),
    }),
  ),
});

/** A placement document. */
export type PlacementDocument = z.infer<typeof placementSchema>;

/**
 * Checks a parsed placement, its schema and what a schema cannot say.
 * @throws InputError
 */
export function checkPlacement(value: unknown, source: string): PlacementDocument {
  return checkConsistency(checkDocument(placementSchema, "placement", value, source), source);
}

/**
 * Checks what the schema of a placement cannot say.
 * @throws InputError
 */
export function checkConsistency(placement: PlacementDocument, source: string): PlacementDocument {
  const wrong = (what: string) => new InputError(`in the placement: ${what}`, { file: source });
  const names = placement.nodes.map((node) => node.name);
  if (names.length === 0) throw wrong("nodes is empty; expected at least one node");
  for (const node of placement.nodes) {
    const fault = deadGpusFault(node);
    if (fault !== undefined) throw wrong(`${shownName(node.name)}: ${fault}`);
  }
  if (!placement.nodes.some(isAlive)) throw wrong("all nodes are dead; expected a live one");
  if (placement.layers.length === 0) throw wrong("layers is empty; expected at least one layer");
  const known = new Set<string>();
  for (const name of names) {
    if (known.has(name)) throw wrong(`two nodes are called ${shownName(name)}; give each its own name`);
    known.add(name);
  }
  const seen = new Set<number>();
  for (const [l, { layer, loads, replicas, nodes }] of placement.layers.entries()) {
    if (seen.has(layer)) throw wrong(`layers[${l}]: layer ${layer} is there twice; give each layer once`);
    seen.add(layer);
    if (nodes.length !== names.length) throw wrong(`layers[${l}].nodes: expected ${names.length} nodes, got ${nodes.length}`);
    nodes.forEach((slots, n) => {
      const expected = placement.nodes[n]!.slots;
      if (slots.length !== expected) throw wrong(`layers[${l}].nodes[${n}]: expected ${expected} slots, got ${slots.length}`);
      const stranger = slots.find((expert) => expert >= loads.length);
      if (stranger !== undefined)
        throw wrong(`layers[${l}].nodes[${n}]: expert ${stranger} does not exist; there are ${loads.length}`);
    });
    const counted = countReplicas(loads.length, nodes);
    if (replicas.length !== loads.length)
      throw wrong(`layers[${l}].replicas: expected ${loads.length} counts, got ${replicas.length}`);
    const apart = counted.findIndex((copies, expert) => copies !== replicas[expert]);
    if (apart >= 0)
      throw wrong(`layers[${l}].replicas[${apart}]: the slots hold ${counted[apart]} copies, not ${replicas[apart]}`);
  }
  for (const { layer, expert, nodes } of placement.spilled ?? []) {
    const loads = placement.layers.find((candidate) => candidate.layer === layer)?.loads;
    if (loads?.[expert] === undefined) throw wrong(`spilled: there is no expert ${expert} in layer ${layer}`);
    const stranger = nodes.find((name) => !placement.nodes.some((node) => node.name === name && isAlive(node)));
    if (stranger !== undefined) throw wrong(`spilled: there is no live node ${quoteInput(stranger)}`);
  }
  return placement;
}

/** A node of a placement document. */
export type PlacedNode = PlacementDocument["nodes"][number];

/** How many nodes keep what a node holds in host memory, where the figures of a placement count on that. */
export function hostCopiesOf({ survivalWithHostMemory, policy }: PlacementDocument): number | undefined {
  return survivalWithHostMemory?.copies ?? policy.hostCopies;
}

/** Whether a node has a live GPU; a dead one is there for its ranks alone, which it keeps. */
export function isAlive({ slots }: PlacedNode): boolean {
  return slots > 0;
}

/** Whether there are dead nodes that keep their ranks. */
export function hasDeadNodes({ nodes }: PlacementDocument): boolean {
  return !nodes.every(isAlive);
}

/** The placement itself on its live nodes, without what was said about it. */
export function placementOf(document: PlacementDocument): Placement {
  const placement = rankedPlacementOf(document);
  if (!hasDeadNodes(document)) return placement;
  const live = [...document.nodes.keys()].filter((node) => isAlive(document.nodes[node]!));
  return {
    cluster: live.map((node) => placement.cluster[node]!),
    layers: placement.layers.map((layer) => ({ ...layer, nodes: live.map((node) => layer.nodes[node]!) })),
    spilled: placement.spilled?.map((kept) => ({ ...kept, nodes: kept.nodes.map((node) => live.indexOf(node)) })),
  };
}

/** The same with the dead nodes that keep their ranks, and have no slots: for those who number ranks. */
export function rankedPlacementOf(document: PlacementDocument): Placement {
  const cluster = document.nodes.map(({ name, slots, gpus, deadGpus, domain }) => ({
    name,
    slots,
    gpus,
    ...(deadGpus === undefined ? {} : { deadGpus }),
    ...(domain === undefined ? {} : { domain }),
  }));
  const numberOf = new Map(cluster.map(({ name }, node) => [name, node]));
  const spilled = document.spilled?.map(({ layer, expert, nodes }) => ({
    layer,
    expert,
    nodes: nodes.map((name) => numberOf.get(name)!).sort((a, b) => a - b),
  }));
  return { cluster, layers: document.layers, spilled };
}
