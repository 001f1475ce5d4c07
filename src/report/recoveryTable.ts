/** A recovery plan as a person reads it: does training go on, what moves, how long it takes. */
import { WAY_RULE } from "../core/reconfigure/chooseWay.ts";
import { isAlive } from "../formats/documents/placement.ts";
import type { RecoveryPlanDocument } from "../formats/documents/recoveryPlan.ts";
import { mapOfNode } from "./nodesMap.ts";
import type { Paint } from "./paint.ts";
import { placementDetails, type Shown } from "./placementTable.ts";
import { placementVerdict } from "./placementVerdict.ts";
import { worstOf, wrapped } from "./screen.ts";
import { fixed, grouped, percent, textTable } from "./table.ts";

const MOST_LOST = 20;
const OPERATION_FIGURES = ["layer", "expert", "rank", "bytes", "busiest over mean"];

/** What of a plan is shown, and what was assumed about the size of experts. */
interface ShownPlan extends Shown {
  readonly assumed?: string | undefined;
}

/** Tables of a recovery plan: what it does and what that is worth, then the moves and the placement in detail. */
export function recoveryTable(plan: RecoveryPlanDocument, paint: Paint, width: number, { assumed, ...shown }: ShownPlan): string {
  if (shown.node !== undefined && plan.placement !== undefined)
    return mapOfNode(plan.placement, shown.node, shown.layers, paint, width);
  const change = [
    plan.failed.length === 0 ? "" : `failed: ${plan.failed.join(", ")}`,
    plan.joined.length === 0 ? "" : `joined: ${plan.joined.join(", ")}`,
    plan.drained === undefined ? "" : `drained: ${plan.drained.join(", ")}`,
  ].filter((text) => text !== "");
  const head = `${paint.bold("Recovery")} ${change.join("; ") || "nothing failed or joined"}`;
  if (!plan.recoverable)
    return [head, paint.red(`Not recoverable: ${plan.reason ?? "experts are lost"}`), ...lostPart(plan, paint)].join("\n\n");
  const parts: string[] = [];
  const summary = [head, paint.green(wrapped(recoverableLine(plan), width))];
  if (plan.time && plan.transfers) {
    const isAssumed = assumed !== undefined && plan.transfers.length > 0;
    summary.push(wrapped(timePart(plan, plan.time), width));
    if (isAssumed) summary.push(wrapped(`${assumed[0]!.toUpperCase()}${assumed.slice(1)}`, width));
  }
  if (plan.placement) summary.push(placementVerdict(plan.placement, paint, width));
  parts.push(summary.join("\n"));
  if (plan.time && plan.transfers) {
    if (plan.repair !== undefined) parts.push(waysPart(plan.repair, width));
    if (plan.restored && plan.restored.length > 0) parts.push(restoredPart(plan.restored, plan.time, width));
    parts.push(transferPart(plan, paint, width));
    if (plan.operations !== undefined && plan.operations.length > 0) parts.push(operationPart(plan.operations, paint));
  }
  if (plan.rehearsal) parts.push(rehearsalPart(plan.rehearsal, paint, width));
  if (plan.spilled && plan.spilled.length > 0) parts.push(spilledPart(plan.spilled));
  if (plan.placement) parts.push(`${paint.bold("The placement then")}`, ...placementDetails(plan.placement, paint, width, shown));
  return parts.join("\n\n");
}

function recoverableLine({ restored = [] }: RecoveryPlanDocument): string {
  if (restored.length === 0) return "Recoverable: every expert of every layer has a live host";
  const experts = new Set(restored.map(({ layer, expert }) => `${layer}/${expert}`)).size;
  return `Recoverable: every expert of every layer has a live host, or is restored (${experts})`;
}

/** What a failure stops; a planned change is not detected, and its replicas move while training goes on. */
function timePart({ failed, transfers = [] }: RecoveryPlanDocument, time: NonNullable<RecoveryPlanDocument["time"]>): string {
  const { detectSeconds, regroupSeconds, transferSeconds, lowerBoundSeconds } = time;
  const transfer = `${fixed(transferSeconds, 3)} s (lower bound ${fixed(lowerBoundSeconds, 3)} s)`;
  if (failed.length > 0) {
    const total = detectSeconds + regroupSeconds + transferSeconds;
    return `Training resumes after ${fixed(total, 1)} s: detect ${fixed(detectSeconds, 1)} s, regroup ${fixed(regroupSeconds, 1)} s, transfer ${transfer}`;
  }
  if (transfers.length + regroupSeconds === 0) return "Nothing to do";
  return `Planned, so nothing to detect: transfer ${transfer}; then regroup ${fixed(regroupSeconds, 1)} s`;
}

function lostPart({ lost }: RecoveryPlanDocument, paint: Paint): string[] {
  if (lost.length === 0) return [];
  const columns = [{ head: "layer" }, { head: "lost expert" }];
  const rows = lost.slice(0, MOST_LOST).map(({ layer, expert }) => [String(layer), String(expert)]);
  const more = lost.length > MOST_LOST ? `\nand ${lost.length - MOST_LOST} more; --format csv lists them all` : "";
  return [textTable(columns, rows, paint) + more];
}

function rehearsalPart(
  { passed, killed, transfers, bytesMoved, read = 0, faults }: NonNullable<RecoveryPlanDocument["rehearsal"]>,
  paint: Paint,
  width: number,
): string {
  const acted = `${killed.length} processes killed, ${transfers} transfers of ${grouped(bytesMoved)} bytes over loopback${read === 0 ? "" : `, ${read} experts read from files`}`;
  if (passed) return paint.green(wrapped(`Rehearsed: ${acted}; every node ended with exactly its experts`, width));
  return [paint.red(wrapped(`Rehearsal failed: ${acted}`, width)), ...faults.map((fault) => `  ${fault}`)].join("\n");
}

/** What comes from host memory and the store, and when it is there. */
function restoredPart(
  restored: NonNullable<RecoveryPlanDocument["restored"]>,
  { tiers }: NonNullable<RecoveryPlanDocument["time"]>,
  width: number,
): string {
  const named = { host: "host memory", store: "the checkpoint store" };
  const parts = (["host", "store"] as const).flatMap((tier) => {
    const own = restored.filter((copy) => copy.tier === tier);
    if (own.length === 0) return [];
    const experts = new Set(own.map(({ layer, expert }) => `${layer}/${expert}`)).size;
    const last = own.reduce((most, { seconds }) => Math.max(most, seconds), 0);
    const age = own[0]!.ageSeconds;
    return [
      `${experts} expert${experts === 1 ? "" : "s"} from ${named[tier]}, there after ${fixed(last, 3)} s${age === undefined ? "" : `, ${grouped(age)} s old`}`,
    ];
  });
  const network = tiers === undefined ? "" : `; network done after ${fixed(tiers.network, 3)} s`;
  return wrapped(`Restored, for having no live host: ${parts.join("; ")}${network}`, width);
}

function spilledPart(spilled: NonNullable<RecoveryPlanDocument["spilled"]>): string {
  const lines = spilled
    .slice(0, MOST_LOST)
    .map(({ layer, expert, nodes }) => `  layer ${layer} expert ${expert}: ${nodes.join(", ")}`);
  const more = spilled.length > MOST_LOST ? [`  and ${spilled.length - MOST_LOST} more`] : [];
  return [`${spilled.length} cold experts have no slot and wait in host memory:`, ...lines, ...more].join("\n");
}

/** What each way moves and is worth, and which it is. */
function waysPart({ taken, ...ways }: NonNullable<RecoveryPlanDocument["repair"]>, width: number): string {
  const lines = (["repair", "anew"] as const).flatMap((name) => {
    const way = ways[name];
    if (way === undefined) return [];
    const moves = `${grouped(way.moves)} move${way.moves === 1 ? "" : "s"}`;
    const figures = `${moves}, ${fixed(way.transferSeconds, 3)} s, survives ${percent(way.survival, 2)}, balance ${fixed(way.balance, 3)}`;
    const between =
      way.lowestSurvival !== undefined && way.lowestSurvival < way.survival
        ? `, ${percent(way.lowestSurvival, 2)} at worst in between`
        : "";
    return [wrapped(`${name}: ${figures}${between}${name === taken ? " (taken)" : ""}`, width)];
  });
  if (ways.repair && ways.anew) lines.push(wrapped(`Rule: ${WAY_RULE}.`, width));
  return lines.join("\n");
}

/** What an incremental policy did, in order. */
function operationPart(operations: NonNullable<RecoveryPlanDocument["operations"]>, paint: Paint): string {
  const columns = [{ head: "operation", align: "left" as const }, ...OPERATION_FIGURES.map((head) => ({ head }))];
  const rows = operations
    .slice(0, MOST_LOST)
    .map((done) => [
      done.kind,
      String(done.layer),
      done.kind === "migrate" && done.exchanged !== undefined ? `${done.expert} for ${done.exchanged}` : String(done.expert),
      done.kind === "shrink" ? `${done.from}` : `${done.from} > ${done.to}`,
      grouped(done.bytes),
      `${fixed(done.before, 3)} > ${fixed(done.after, 3)}`,
    ]);
  const more = operations.length > MOST_LOST ? `\nand ${operations.length - MOST_LOST} more; --format json lists them all` : "";
  return textTable(columns, rows, paint) + more;
}

/** What every node sends and receives. */
function transferPart({ transfers = [], placement, drained = [] }: RecoveryPlanDocument, paint: Paint, width: number): string {
  const rounds = transfers.reduce((most, transfer) => Math.max(most, transfer.round + 1), 0);
  if (transfers.length === 0) return "No replica moves";
  const summary =
    transfers.length === 1
      ? "1 replica moves"
      : `${grouped(transfers.length)} replicas move in ${rounds} round${rounds === 1 ? "" : "s"}`;
  const nodes = [...(placement?.nodes ?? []).filter(isAlive).map(({ name }) => name), ...drained].map((name) => ({
    name,
    sends: transfers.filter(({ from }) => from === name).length,
    receives: transfers.filter(({ to }) => to === name).length,
  }));
  const [one] = nodes;
  if (nodes.length > 1 && nodes.every(({ sends, receives }) => sends === one!.sends && receives === one!.receives))
    return `${summary}; all nodes alike send ${one!.sends} and receive ${one!.receives}`;
  const { shown, rest } = worstOf(nodes, ({ sends, receives }) => sends + receives);
  const rows = shown.map(({ name, sends, receives }) => [name, String(sends), String(receives)]);
  const table = textTable([{ head: "node", align: "left" }, { head: "sends" }, { head: "receives" }], rows, paint);
  const most = (of: "sends" | "receives") => Math.max(...rest.map((node) => node[of]));
  const others =
    rest.length === 0
      ? ""
      : `\n${wrapped(`the other ${rest.length} nodes send at most ${most("sends")} and receive at most ${most("receives")}`, width)}`;
  return `${summary}\n${table}${others}`;
}
