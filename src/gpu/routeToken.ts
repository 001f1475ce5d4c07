/** The router by definition and in double precision: the oracle of the kernel. */
import type { Gate } from "../core/cost/gate.ts";
import type { LayerShape } from "./layerShape.ts";

/** Least distance between two numbers that decide a routing: far above what single precision confuses. */
const LEAST_GAP = { logits: 1e-3, sigmoid: 1e-4, softmax: 1e-5 } as const;

/** Whether the largest logits are the experts to choose: softmax keeps their order, unless something is added to it. */
export function choosesByLogit({ scores, biased, groups }: Gate): boolean {
  return scores === "softmax" && biased !== true && groups?.by !== "two-largest";
}

/**
 * Experts of one token in the order of choice, then their weights, shape [2 * topK]; nothing when two numbers that decide are
 * too close.
 * @param router shape [hidden][experts]
 * @param bias of each expert; counts in the choice only, and only in gates that are biased
 */
export function routeToken(
  feature: Float32Array,
  router: Float32Array,
  bias: Float32Array,
  { experts, topK }: LayerShape,
  gate: Gate,
): number[] | undefined {
  const logits = new Array<number>(experts).fill(0);
  feature.forEach((value, i) => {
    for (let e = 0; e < experts; e++) logits[e] = logits[e]! + value * router[i * experts + e]!;
  });
  const sum = logits.reduce((total, logit) => total + Math.exp(logit), 0);
  const scores = logits.map((logit) => (gate.scores === "softmax" ? Math.exp(logit) / sum : 1 / (1 + Math.exp(-logit))));
  const byLogit = choosesByLogit(gate);
  const choice = byLogit ? logits : scores.map((score, e) => score + (gate.biased === true ? bias[e]! : 0));
  const gap = LEAST_GAP[byLogit ? "logits" : gate.scores];
  const allowed = allowedExperts(choice, gate, gap);
  const order = allowed?.sort((a, b) => choice[b]! - choice[a]!);
  if (order === undefined) return undefined;
  for (let i = 0; i < Math.min(topK, order.length - 1); i++) {
    if (choice[order[i]!]! - choice[order[i + 1]!]! < gap) return undefined;
  }
  const chosen = order.slice(0, topK);
  const total = gate.renormalized ? chosen.reduce((all, expert) => all + scores[expert]!, 0) : 1;
  return [...chosen, ...chosen.map((expert) => ((gate.scale ?? 1) * scores[expert]!) / total)];
}

/** Experts of the groups that a token may choose from; nothing when two groups are too close. */
function allowedExperts(choice: readonly number[], { groups }: Gate, gap: number): number[] | undefined {
  const every = [...choice.keys()];
  if (groups === undefined) return every;
  const size = choice.length / groups.count;
  const worth = Array.from({ length: groups.count }, (_, group) => {
    const [first = 0, second = 0] = choice.slice(group * size, (group + 1) * size).sort((a, b) => b - a);
    return groups.by === "largest" ? first : first + second;
  });
  const best = [...worth.keys()].sort((a, b) => worth[b]! - worth[a]!);
  const [last, next] = [best[groups.chosen - 1], best[groups.chosen]];
  if (last !== undefined && next !== undefined && worth[last]! - worth[next]! < gap) return undefined;
  const taken = new Set(best.slice(0, groups.chosen));
  return every.filter((expert) => taken.has(Math.floor(expert / size)));
}
