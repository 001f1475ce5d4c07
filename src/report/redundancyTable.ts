/** Why a placement has as many slots as it has, as a person reads it. */
import { unitName } from "../core/placement/policy.ts";
import type { PlacementDocument } from "../formats/documents/placement.ts";
import type { RedundancyDocument } from "../formats/documents/redundancy.ts";
import type { Paint } from "./paint.ts";
import { wrapped } from "./screen.ts";
import { fixed, grouped, percent, textTable } from "./table.ts";

type Tried = RedundancyDocument["tried"][number];

/** The fewest slots, what for, and how sure that is, in one line. */
export function fewestSlotsText(document: PlacementDocument): string | undefined {
  const { nodes, redundancy } = document;
  if (redundancy === undefined) return undefined;
  const { slotsPerGpu } = chosenOf(redundancy);
  const gpus = commonGpus(nodes);
  const onGpus = `${slotsPerGpu} slots on every GPU`;
  const slots = gpus === undefined ? onGpus : `${slotsPerGpu * gpus} slots a node${gpus === 1 ? "" : ` (${slotsPerGpu} a GPU)`}`;
  return `${slots} are the fewest ${goalText(document, redundancy)}; ${sureText(nodes, redundancy)}`;
}

function goalText({ policy }: PlacementDocument, { survive, survival, failureUnit }: RedundancyDocument): string {
  const goals = [
    ...(survive === undefined
      ? []
      : [`survive any ${survive === 1 ? "" : `${survive} `}failed ${unitName(failureUnit)}${survive === 1 ? "" : "s"}`]),
    ...(survival === undefined ? [] : [`survive with probability ${survival}`]),
  ];
  const limit =
    typeof policy.balanceSlack === "number" ? `, balance at most ${Number((1 + policy.balanceSlack).toFixed(6))}` : "";
  return `that ${goals.join(" and ")}${limit}`;
}

function sureText(nodes: PlacementDocument["nodes"], redundancy: RedundancyDocument): string {
  const { atLeast, fewest } = redundancy;
  const { totalSlots, redundantExperts } = chosenOf(redundancy);
  const onGpu = commonGpus(nodes) === 1 ? "" : " on a GPU";
  const bound = `with fewer than ${slotsText(nodes, atLeast)} no placement does`;
  const sure = {
    proven: `no placement does with fewer${onGpu}`,
    tried: `fewer were tried in vain, ${bound}`,
    "some-untried": `not all that are fewer were tried, ${bound}`,
  };
  return `${grouped(totalSlots)} slots in all, ${grouped(redundantExperts)} redundant; ${sure[fewest]}`;
}

/** The goal is reached: otherwise there would be no placement. */
function chosenOf({ tried }: RedundancyDocument): Tried {
  return tried.find(({ reaches }) => reaches) ?? tried.at(-1)!;
}

/** What so many slots reach, those chosen marked. */
export function redundancyText(document: PlacementDocument, paint: Paint, width: number): string | undefined {
  const { nodes, redundancy } = document;
  if (redundancy === undefined) return undefined;
  const { tried } = redundancy;
  const chosen = chosenOf(redundancy);
  const failures = tried[0]!.failures;
  const hasMemory = tried.some(({ bytesPerGpu }) => bytesPerGpu !== undefined);
  const rows = tried.map((row) => [
    `${row === chosen ? "> " : ""}${slotsText(nodes, row.slotsPerGpu)}`,
    fixed(balanceOf(document, row), 3),
    ...row.failures.map(({ probability }) => percent(probability, 2)),
    row.survival === 1 ? "0" : (1 - row.survival).toPrecision(2),
    ...(hasMemory ? [gigabytes(row.bytesPerGpu ?? 0)] : []),
  ]);
  const columns = [
    { head: "slots" },
    { head: "balance" },
    ...failures.map(({ failed }, i) => ({ head: i === 0 ? `${failed} fails` : `${failed} fail` })),
    { head: "lost" },
    ...(hasMemory ? [{ head: "GPU memory" }] : []),
  ];
  const head = `${paint.bold("How much redundancy")}: the fewest slots ${goalText(document, redundancy)}`;
  return [wrapped(head, width), textTable(columns, rows, paint), wrapped(sureText(nodes, redundancy), width)].join("\n");
}

/** Slots of a node and of a GPU, or of a GPU where nodes have different numbers of them. */
function slotsText(nodes: PlacementDocument["nodes"], perGpu: number): string {
  const gpus = commonGpus(nodes);
  if (gpus === undefined) return `${perGpu}/GPU`;
  return gpus === 1 ? String(perGpu) : `${perGpu * gpus} (${perGpu}/GPU)`;
}

/** GPUs of a node where all have as many. */
function commonGpus(nodes: PlacementDocument["nodes"]): number | undefined {
  const [first] = nodes;
  return nodes.every(({ gpus }) => gpus === first!.gpus) ? first!.gpus : undefined;
}

/** Balance under the shares that the policy counts on. */
function balanceOf({ cost, policy }: PlacementDocument, { balance }: Tried): number {
  const shares = cost?.shares ?? policy.shares ?? (policy.placement === "resilient" ? "free" : "even");
  return shares === "even" ? balance.even : balance.optimal;
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(bytes < 1e10 ? 2 : 1)} GB`;
}
