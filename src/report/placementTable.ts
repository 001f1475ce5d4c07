/** A placement as a person reads it: whether it is safe and even, then what it survives, how even it is, who holds what. */
import { isAlive, type PlacementDocument } from "../formats/documents/placement.ts";
import { explanationText } from "./explanationText.ts";
import { givenUpText } from "./givenUpText.ts";
import { layersTable } from "./layersTable.ts";
import { mapOfLayer, mapOfNode } from "./nodesMap.ts";
import type { Paint } from "./paint.ts";
import { countsOnShares, isForBalance, placementVerdict } from "./placementVerdict.ts";
import { redundancyText } from "./redundancyTable.ts";
import { wrapped } from "./screen.ts";
import { survivalTable } from "./survivalTable.ts";
import { fixed, percent, textTable } from "./table.ts";

/** What of a placement is shown, where it is large. */
export interface Shown {
  /** Numbers of the layers; the five worst without it. */
  readonly layers?: readonly number[] | undefined;
  /** A node to show slot by slot, by its name. */
  readonly node?: string | undefined;
}

/** Tables of a placement document, the verdict first. */
export function placementTable(document: PlacementDocument, paint: Paint, width: number, shown: Shown = {}): string {
  if (shown.node !== undefined) return mapOfNode(document, shown.node, shown.layers, paint, width);
  const head = wrapped(`${paint.bold("Placement")} ${headText(document)}`, width);
  return [`${head}\n${placementVerdict(document, paint, width)}`, ...placementDetails(document, paint, width, shown)].join(
    "\n\n",
  );
}

/** All but the verdict. */
export function placementDetails(document: PlacementDocument, paint: Paint, width: number, shown: Shown): string[] {
  const givenUp = givenUpText(document);
  const redundancy = redundancyText(document, paint, width);
  const { recovery, cost, explanation } = document;
  const survives = recovery?.failures.some(({ probability }) => probability > 0);
  const survival =
    recovery !== undefined && (survives || !isForBalance(document))
      ? [survivalTable(recovery, document.nodes.filter(isAlive).length, paint, width)]
      : [];
  const balance = document.balance === undefined ? [] : [balancePart(document, document.balance, paint)];
  return [
    ...(givenUp === undefined ? [] : [wrapped(givenUp, width)]),
    ...(redundancy === undefined ? [] : [redundancy]),
    ...(isForBalance(document) ? [...balance, ...survival] : [...survival, ...balance]),
    ...(document.survivalWithHostMemory === undefined ? [] : [reloadPart(document, document.survivalWithHostMemory, width)]),
    ...(cost === undefined ? [] : [costPart(cost, width)]),
    layersTable(document, shown.layers, paint, width),
    ...mapOfLayer(document, paint, width),
    ...(explanation === undefined ? [] : [explanationText(document, explanation, paint, width)]),
  ];
}

/** What survives without and with a reload from host memory. */
function reloadPart(
  { recovery }: PlacementDocument,
  memory: NonNullable<PlacementDocument["survivalWithHostMemory"]>,
  width: number,
): string {
  const { copies, domain, ...nodes } = memory;
  const chance = recovery?.failureProbability === undefined ? "" : ` with ${percent(recovery.failureProbability, 1)} each`;
  const likely = (level: typeof nodes | undefined) =>
    level?.survival === undefined ? "unknown" : `${level.survivalInterval ? "~" : ""}${percent(level.survival, 2)}`;
  const line = (what: string, without: typeof nodes | undefined, withReload: typeof nodes) =>
    wrapped(
      `Survival, ${what} failing${chance}: ${likely(without)} without reload, ${likely(withReload)} with reload from host memory, and never lost to ${withReload.tolerates} or fewer`,
      width,
    );
  return [
    line("nodes", recovery, nodes),
    ...(domain ? [line("domains", recovery?.byUnit?.domain, domain)] : []),
    wrapped(
      `Host memory: every node keeps what the ${copies === 1 ? "node" : `${copies} nodes`} before it hold${copies === 1 ? "s" : ""}, and fails with it`,
      width,
    ),
  ].join("\n");
}

function headText(document: PlacementDocument): string {
  const { layers, policy } = document;
  const nodes = document.nodes.filter(isAlive);
  const dead = document.nodes.length - nodes.length;
  const slots = nodes.reduce((sum, node) => sum + node.slots, 0);
  const rule = policy.allocation === undefined ? policy.placement : `${policy.placement} with allocation ${policy.allocation}`;
  const experts = Math.max(...layers.map((layer) => layer.loads.length));
  const gpus = new Set(nodes.map((node) => node.gpus));
  const of = gpus.size > 1 ? "" : ` of ${[...gpus][0]} GPU${gpus.has(1) ? "" : "s"}`;
  const kept = dead === 0 ? "" : ` and ${dead} dead that keep${dead === 1 ? "s its" : " their"} ranks`;
  const count = (number: number, noun: string) => `${number} ${noun}${number === 1 ? "" : "s"}`;
  return `${rule}: ${count(layers.length, "layer")} of ${count(experts, "expert")}, ${count(nodes.length, "node")}${of}${kept}, ${count(slots, "slot")}`;
}

/** How even GPUs are under both kinds of shares; nodes are beside them where a node is not one GPU. */
function balancePart(document: PlacementDocument, balance: NonNullable<PlacementDocument["balance"]>, paint: Paint): string {
  const { even, optimal, evenMean, optimalMean, byNode } = balance;
  const hasMean = evenMean !== undefined && optimalMean !== undefined && document.layers.length > 1;
  const hasNodes = byNode !== undefined && document.nodes.some(({ gpus }) => gpus > 1);
  const planned = countsOnShares(document);
  const row = (shares: "even" | "free", worst: number, mean = 0, node = 0) => [
    `${shares} shares${shares === planned ? " (as planned)" : ""}`,
    fixed(worst, 3),
    ...(hasMean ? [fixed(mean, 3)] : []),
    ...(hasNodes ? [fixed(node, 3)] : []),
  ];
  const columns = [
    { head: "busiest GPU over mean", align: "left" as const },
    { head: document.layers.length > 1 ? "worst layer" : "" },
    ...(hasMean ? [{ head: "mean layer" }] : []),
    ...(hasNodes ? [{ head: "busiest node, worst layer" }] : []),
  ];
  const rows = [row("free", optimal, optimalMean, byNode?.optimal), row("even", even, evenMean, byNode?.even)];
  return textTable(columns, planned === "free" ? rows : rows.toReversed(), paint);
}

type Cost = NonNullable<PlacementDocument["cost"]>;

function costPart(cost: Cost, width: number): string {
  const { shares, compute, traffic, sync } = cost;
  const text = `Cost with ${shares} shares, summed over layers: compute ${fixed(compute, 2)} and traffic ${fixed(traffic, 2)} rank means, synchronisation ${fixed(sync, 2)} replicas`;
  return wrapped(text, width) + stepText(cost);
}

function stepText({ stepSeconds, samplesPerSecond, usefulSamplesPerSecond }: Cost): string {
  if (stepSeconds === undefined || samplesPerSecond === undefined) return "";
  const useful = usefulSamplesPerSecond === undefined ? "" : `, ${fixed(usefulSamplesPerSecond, 2)} of them useful with failures`;
  return `\nA step takes ${fixed(stepSeconds, 3)} s: ${fixed(samplesPerSecond, 2)} samples per second${useful}`;
}
