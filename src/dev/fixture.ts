/**
 * Writes the fixtures. fixtures/routing.csv is the routing log that the demo and the examples use, fixtures/serving.csv the loads of the
 * walk-through of serving.
 *
 * The skew is that of young MoE layers (Lazarus section 2.1): in the most skewed layer the two hottest experts take about
 * seven tokens of eight, in the mildest three of eight, and which experts are hot drifts from iteration to iteration.
 */
import { writeFileSync } from "node:fs";
import { largestRemainder } from "../core/algorithms/largestRemainder.ts";
import { type RandomSource, randomSource, shuffle } from "../core/algorithms/random.ts";
import { logNormalLayers } from "./logNormalLayers.ts";

const ITERATIONS = 20;
const LAYERS = 4;
const RANKS = 10;
const EXPERTS = 16;
const TOKENS_PER_RANK = 4096;
/** Exponent of each layer's Zipf law: the larger, the more skewed the layer. */
const SKEW = [2.35, 1.5, 1.1, 0.8];
const DRIFT_PER_ITERATION = 0.05;

const random = randomSource(2407_04656);
const popularity = SKEW.map((skew) =>
  shuffle(
    Array.from({ length: EXPERTS }, (_, place) => -skew * Math.log(place + 1)),
    random,
  ),
);
const header = ["iteration", "layer", "rank", ...Array.from({ length: EXPERTS }, (_, e) => `e${e}`)];
const rows = [header.join(",")];
for (let iteration = 1; iteration <= ITERATIONS; iteration++) {
  for (let layer = 0; layer < LAYERS; layer++) {
    const logits = popularity[layer]!;
    for (let rank = 0; rank < RANKS; rank++) {
      const weights = logits.map((logit) => Math.round(1e6 * Math.exp(logit + 0.05 * normal(random))));
      rows.push([iteration, layer, rank, ...largestRemainder(weights, TOKENS_PER_RANK)].join(","));
    }
    logits.forEach((logit, expert) => {
      logits[expert] = logit + DRIFT_PER_ITERATION * normal(random);
    });
  }
}
writeFileSync("fixtures/routing.csv", `${rows.join("\n")}\n`);

/** Loads in the shape of DeepSeek-V3 for the walk-through of serving: 58 layers of 256 experts, log-normal. */
const serving = logNormalLayers(58, 256, 2407);
const servingRows = serving.map(({ layer, loads }) => [layer, ...loads].join(","));
writeFileSync(
  "fixtures/serving.csv",
  `layer,${Array.from({ length: 256 }, (_, e) => `e${e}`).join(",")}\n${servingRows.join("\n")}\n`,
);

/** Standard normal (Box and Muller). */
function normal(source: RandomSource): number {
  return Math.sqrt(-2 * Math.log(1 - source.uniform())) * Math.cos(2 * Math.PI * source.uniform());
}
