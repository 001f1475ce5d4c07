/** The load balancers of SGLang and vLLM beside `lazarus place --placement eplb`. */
import { randomSource } from "../../core/algorithms/random.ts";
import { drawLoads } from "./drawn.ts";
import { versions } from "./environment.ts";
import { type Answer, compared, difference, type Outcome, type Workplace } from "./workplace.ts";

const LOADS = 50;
const LAYERS = 4;

interface Case {
  /** Shape [layers][experts]. */
  readonly loads: number[][];
  readonly slots: number;
  readonly groups: number;
  readonly nodes: number;
  readonly gpus: number;
}

/** How two assignments of experts to slots compare. */
type Likeness = "same slots" | "same replicas and loads of all ranks" | "same replicas, other ranks" | "other replicas";

/** One line of the table for each balancer and kind of loads. */
export function checkEplb(work: Workplace): Outcome[] {
  const distinct = drawCases(false, 2);
  const tied = drawCases(true, 3);
  const ours = [distinct, tied].map((cases) => cases.map((drawn, index) => placed(work, drawn, index)));
  return [
    { peer: "sglang", version: versions.sglang, program: "sglang_eplb.py" },
    { peer: "vllm", version: versions.vllm, program: "vllm_eplb.py" },
  ].flatMap(({ program, ...peer }) => [
    outcome({ ...peer, case: `EPLB, ${LOADS} random loads, no ties` }, distinct, ours[0] ?? [], work.ask(program, distinct)),
    tiedOutcome({ ...peer, case: `EPLB, ${LOADS} random loads with many ties` }, tied, ours[1] ?? [], work.ask(program, tied)),
  ]);
}

function drawCases(ties: boolean, seed: number): Case[] {
  const random = randomSource(seed);
  return Array.from({ length: LOADS }, () => {
    const nodes = 1 + random.below(4);
    const gpus = nodes * 2 ** random.below(4);
    const perGpu = 2 + random.below(6);
    const slots = gpus * perGpu;
    // Whole groups on every node in two cases of three, as hierarchical balancing wants them; sometimes no redundant slots.
    const groups = random.below(3) > 0 ? nodes : 1;
    const experts = groups * Math.max(1, Math.floor(((0.5 + random.uniform() / 2) * slots) / groups));
    return { loads: Array.from({ length: LAYERS }, () => drawLoads(experts, ties, random)), slots, groups, nodes, gpus };
  });
}

function placed(work: Workplace, { loads, slots, groups, nodes, gpus }: Case, index: number): number[][] {
  const profile = work.path(`eplb-profile${index}.json`);
  const measured = work.lazarus("profile-load", work.file(`eplb-loads${index}.json`, JSON.stringify(loads)), "-o", profile);
  const cluster = ["-n", `${nodes}`, "-c", `${slots / nodes}`, "--gpus", `${gpus / nodes}`, "-f", "1"];
  const { code, stdout, stderr } = work.lazarus(
    ...["place", profile, ...cluster, "--placement", "eplb", "--groups", `${groups}`, "--format", "vllm"],
  );
  if (code !== 0) throw new Error(`lazarus place: ${measured.stderr} ${stderr}`);
  return JSON.parse(stdout) as number[][];
}

type About = Pick<Outcome, "peer" | "version" | "case">;

/** Without ties all must be the same, slot by slot. */
function outcome(
  about: About,
  cases: readonly Case[],
  ours: readonly number[][][],
  answers: readonly Answer<number[][]>[],
): Outcome {
  const wrong = answers.flatMap((answer, index) => {
    const differs = "error" in answer ? answer.error : difference(ours[index], answer.value);
    return differs === undefined ? [] : [`load ${index} (${shapeOf(cases[index] as Case)})${differs}`];
  });
  return compared(
    about,
    wrong.length === 0 ? undefined : `${wrong.length} of ${cases.length} differ; ${wrong[0]}`,
    `slot by slot in ${cases.length} of ${cases.length}`,
  );
}

/** Equal loads are sorted by chance there (unstable sorts); replicas must agree all the same, and ranks where sorting did. */
function tiedOutcome(
  about: About,
  cases: readonly Case[],
  ours: readonly number[][][],
  answers: readonly Answer<number[][]>[],
): Outcome {
  const tally = new Map<Likeness, number>();
  for (const [index, answer] of answers.entries()) {
    if ("error" in answer) return compared(about, answer.error);
    for (const [layer, theirs] of answer.value.entries()) {
      const likeness = likenessOf(cases[index] as Case, layer, ours[index]?.[layer] ?? [], theirs);
      tally.set(likeness, (tally.get(likeness) ?? 0) + 1);
    }
  }
  const said = [...tally].map(([likeness, layers]) => `${likeness} in ${layers}`).join(", ");
  const unlike = (tally.get("other replicas") ?? 0) + (tally.get("same replicas, other ranks") ?? 0);
  const layers = `of ${cases.length * LAYERS} layers (equal loads in another order)`;
  return compared(about, unlike > 0 ? `${said} ${layers}` : undefined, `${said} ${layers}`);
}

function likenessOf({ loads, gpus }: Case, layer: number, ours: readonly number[], theirs: readonly number[]): Likeness {
  if (difference(ours, theirs) === undefined) return "same slots";
  const tokens = loads[layer] ?? [];
  const sorted = (values: readonly number[]) => values.toSorted((a, b) => a - b);
  const copies = (row: readonly number[]) => tokens.map((_, expert) => row.filter((held) => held === expert).length);
  // An expert's copies may change places with those of an expert that has as many tokens.
  const pairs = (row: readonly number[]) => sorted(copies(row).map((count, expert) => (tokens[expert] ?? 0) * 1e6 + count));
  if (difference(pairs(ours), pairs(theirs)) !== undefined) return "other replicas";
  const ranks = (row: readonly number[]) => {
    const count = copies(row);
    const perRank = row.length / gpus;
    const load = (held: readonly number[]) => held.reduce((sum, expert) => sum + (tokens[expert] ?? 0) / (count[expert] ?? 1), 0);
    return sorted(Array.from({ length: gpus }, (_, rank) => load(row.slice(rank * perRank, (rank + 1) * perRank)))).map((value) =>
      value.toFixed(6),
    );
  };
  return difference(ranks(ours), ranks(theirs)) === undefined
    ? "same replicas and loads of all ranks"
    : "same replicas, other ranks";
}

function shapeOf({ loads, slots, groups, nodes, gpus }: Case): string {
  return `${loads[0]?.length} experts, ${slots} slots, ${groups} groups, ${nodes} nodes, ${gpus} ranks`;
}
