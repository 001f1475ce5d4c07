/** A placement as a person reads it: what it survives, how even it is, who holds what. */
import { isAlive, type PlacementDocument } from "../formats/documents/placement.ts";
import { explanationText } from "./explanationText.ts";
import { givenUpText } from "./givenUpText.ts";
import type { Paint } from "./paint.ts";
import { recoveryLevels } from "./recoveryLevels.ts";
import { redundancyText } from "./redundancyTable.ts";
import { bar, fixed, grouped, percent, textTable } from "./table.ts";

const BAR_WIDTH = 20;
const LONGEST_MAP = 32;

/** Tables of a placement document. */
export function placementTable(document: PlacementDocument, paint: Paint): string {
  const { layers, policy } = document;
  const nodes = document.nodes.filter(isAlive);
  const dead = document.nodes.length - nodes.length;
  const kept = dead === 0 ? "" : ` and ${dead} dead that keep${dead === 1 ? "s its" : " their"} ranks,`;
  const slots = nodes.reduce((sum, node) => sum + node.slots, 0);
  const rule = policy.allocation === undefined ? policy.placement : `${policy.placement}, allocation ${policy.allocation}`;
  const experts = Math.max(...layers.map((layer) => layer.loads.length));
  const parts = [
    `${paint.bold("Placement")} ${rule}: ${layers.length} layers of ${experts} experts on ${nodes.length} nodes${kept} with ${slots} slots, at least ${policy.keptMinReplicas ?? policy.minReplicas} replicas each`,
  ];
  const redundancy = redundancyText(document, paint);
  if (redundancy !== undefined) parts.push(redundancy);
  if (document.recovery) parts.push(recoveryPart(document.recovery, paint));
  if (document.recovery?.byUnit)
    parts.push(recoveryLevels(document.recovery.byUnit, document.recovery.failureProbability, paint));
  if (document.survivalWithHostMemory) parts.push(reloadPart(document, document.survivalWithHostMemory));
  if (document.balance) parts.push(balancePart(document, document.balance));
  const givenUp = givenUpText(document);
  if (givenUp !== undefined) parts.push(givenUp);
  if (document.cost) {
    const { shares, compute, traffic, sync } = document.cost;
    parts.push(
      `Cost with ${shares} shares, summed over layers: compute ${fixed(compute, 2)} and traffic ${fixed(traffic, 2)} rank means, synchronisation ${fixed(sync, 2)} replicas${stepText(document.cost)}`,
    );
  }
  parts.push(layersPart(document, paint), mapPart(document, paint));
  if (document.explanation) parts.push(explanationText(document, document.explanation, paint));
  return parts.join("\n\n");
}

/** What survives without and with a reload from host memory. */
function reloadPart({ recovery }: PlacementDocument, memory: NonNullable<PlacementDocument["survivalWithHostMemory"]>): string {
  const { copies, domain, ...nodes } = memory;
  const chance = recovery?.failureProbability === undefined ? "" : ` with ${percent(recovery.failureProbability, 1)} each`;
  const likely = (level: typeof nodes | undefined) =>
    level?.survival === undefined ? "unknown" : `${level.survivalInterval ? "~" : ""}${percent(level.survival, 2)}`;
  const line = (what: string, without: typeof nodes | undefined, withReload: typeof nodes) =>
    `Survival, ${what} failing${chance}: ${likely(without)} without reload,\n  ${likely(withReload)} with reload from host memory, and never lost to ${withReload.tolerates} or fewer`;
  return [
    line("nodes", recovery, nodes),
    ...(domain ? [line("domains", recovery?.byUnit?.domain, domain)] : []),
    `Host memory: every node keeps what the ${copies === 1 ? "node" : `${copies} nodes`} before it hold${copies === 1 ? "s" : ""}, and fails with it`,
  ].join("\n");
}

/** How even GPUs are; nodes are beside them where a node is not one GPU. */
function balancePart({ nodes, layers }: PlacementDocument, balance: NonNullable<PlacementDocument["balance"]>): string {
  const { even, optimal, evenMean, optimalMean, byNode } = balance;
  const line = (what: string, shared: number, best: number) =>
    `${what}: ${fixed(shared, 3)} with even shares, ${fixed(best, 3)} at best`;
  const lines = [line("Busiest GPU over mean, worst layer", even, optimal)];
  if (evenMean !== undefined && optimalMean !== undefined && layers.length > 1)
    lines.push(line("Busiest GPU over mean, mean layer", evenMean, optimalMean));
  if (byNode !== undefined && nodes.some(({ gpus }) => gpus > 1))
    lines.push(line("Busiest node over mean, worst layer", byNode.even, byNode.optimal));
  return lines.join("\n");
}

type Recovery = NonNullable<PlacementDocument["recovery"]>;

function stepText({ stepSeconds, samplesPerSecond, usefulSamplesPerSecond }: NonNullable<PlacementDocument["cost"]>): string {
  if (stepSeconds === undefined || samplesPerSecond === undefined) return "";
  const useful = usefulSamplesPerSecond === undefined ? "" : `, ${fixed(usefulSamplesPerSecond, 2)} of them useful with failures`;
  return `\nA step takes ${fixed(stepSeconds, 3)} s: ${fixed(samplesPerSecond, 2)} samples per second${useful}`;
}

function recoveryPart(recovery: Recovery, paint: Paint): string {
  const sampled = recovery.failures.some((failure) => failure.interval);
  const rows = recovery.failures.map(({ failed, probability, upperBound, interval }) => [
    String(failed),
    percent(probability, 2),
    ...(sampled ? [interval ? `${percent(interval[0], 2)} to ${percent(interval[1], 2)}` : "certain"] : []),
    upperBound === undefined ? "" : percent(upperBound, 2),
    healthy(probability, paint)(bar(probability, BAR_WIDTH)),
  ]);
  const columns = [
    { head: "failed nodes" },
    { head: "all experts survive" },
    ...(sampled ? [{ head: "95 % interval" }] : []),
    { head: "upper bound" },
    { head: "", align: "left" as const },
  ];
  const lost = recovery.failures.findIndex(({ probability }) => probability === 0);
  const shown = lost < 0 ? rows : rows.slice(0, lost + 1);
  const verdict = recovery.certified
    ? `certified: no placement ${recovery.bound === "slots" ? "on these slots" : "with these replica counts"} survives more`
    : "below the upper bound, so a better placement may exist";
  return `${textTable(columns, shown, paint)}\nNever loses an expert to ${recovery.tolerates} or fewer failures; ${verdict} (method: ${methodText(recovery)})`;
}

function methodText({ method, samples, seed, backend }: Recovery): string {
  if (samples === undefined || seed === undefined) return method;
  const where = backend ? ` on ${backend.name}, ${backend.adapter}${backend.software ? " (software: no GPU)" : ""}` : "";
  return `${method}, ${grouped(samples)} failure orders with seed ${seed}${where}`;
}

function healthy(probability: number, paint: Paint): (text: string) => string {
  if (probability >= 0.9) return paint.green;
  return probability >= 0.5 ? paint.yellow : paint.red;
}

function layersPart({ layers }: PlacementDocument, paint: Paint): string {
  const rows = layers.map(({ layer, loads, replicas }) => {
    const tokens = loads.reduce((sum, load) => sum + load, 0);
    const hottest = loads.reduce((best, load, expert) => (load > loads[best]! ? expert : best), 0);
    return [
      String(layer),
      grouped(tokens),
      `${hottest} (${percent(tokens === 0 ? 0 : loads[hottest]! / tokens, 0)})`,
      String(replicas[hottest]),
      String(Math.min(...replicas)),
      String(Math.max(...replicas)),
    ];
  });
  const columns = ["layer", "tokens", "hottest expert", "its replicas", "least replicas", "most replicas"].map((head) => ({
    head,
  }));
  return textTable(columns, rows, paint);
}

/** Who holds what in the first layer; a larger cluster would fill screens. */
function mapPart({ nodes, layers }: PlacementDocument, paint: Paint): string {
  const first = layers[0];
  if (first === undefined || nodes.length > LONGEST_MAP)
    return `${nodes.length} nodes are too many for a map; --format csv lists every slot`;
  const width = String(first.loads.length - 1).length;
  const rows = nodes.map(({ name, domain }, n) => {
    const held = first.nodes[n]!;
    const experts =
      held.length === 0 ? "dead" : held.map((expert) => (expert < 0 ? "·" : String(expert)).padStart(width)).join(" ");
    return [name, ...(nodes.some((node) => node.domain) ? [domain ?? ""] : []), experts];
  });
  const columns = [
    { head: "node", align: "left" as const },
    ...(nodes.some((node) => node.domain) ? [{ head: "domain", align: "left" as const }] : []),
    { head: `experts it holds in layer ${first.layer}`, align: "left" as const },
  ];
  return textTable(columns, rows, paint);
}
