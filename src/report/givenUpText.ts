/** Where balance or survival had to be given up in a placement: which layer and expert forced it, and what would help. */
import { totalGpus, totalSlots, withLiveGpus } from "../core/layout/cluster.ts";
import { BALANCE_TOLERANCE, keepsBalanceLimit, sharesOf } from "../core/placement/policy.ts";
import { hottestWithin, type Room, slotShortage } from "../core/placement/slotShortage.ts";
import { type PlacementDocument, placementOf } from "../formats/documents/placement.ts";

/** What a placement was made for, where a limit on balance and survival weigh against each other. */
interface Wish {
  readonly slack: number;
  /** What a layer is counted to have. */
  readonly room: Room;
  /** What fails, in the plural. */
  readonly units: string;
}

/** One line about what was given up; undefined where nothing was for certain, or where other wishes weigh in. */
export function givenUpText(document: PlacementDocument): string | undefined {
  const wish = wishOf(document);
  if (wish === undefined) return undefined;
  return keepsLimit(document, wish) ? survivalText(document, wish) : balanceText(document, wish);
}

function wishOf(document: PlacementDocument): Wish | undefined {
  const { policy, spilled } = document;
  const { placement, balanceSlack, objective, stepBudget, failureUnit = "node" } = policy;
  if (placement !== "resilient" || typeof balanceSlack !== "number" || spilled !== undefined) return undefined;
  if (objective === "goodput" || stepBudget !== undefined) return undefined;
  const cluster = withLiveGpus(placementOf(document).cluster);
  const room = { slots: totalSlots(cluster), ranks: totalGpus(cluster) };
  return { slack: balanceSlack, room, units: failureUnit === "gpu" ? "GPUs" : "nodes" };
}

/** Balance of the worst layer under the shares that the plan counts on. */
function worstBalance({ policy, balance, layers }: PlacementDocument): { layer: number; balance: number } | undefined {
  if (balance === undefined) return undefined;
  const kind = sharesOf({ placement: "resilient", shares: policy.shares }) === "even" ? "even" : "optimal";
  return { layer: balance.worst?.[kind] ?? layers[0]!.layer, balance: balance[kind] };
}

function keepsLimit(document: PlacementDocument, { slack }: Wish): boolean {
  const worst = worstBalance(document);
  return worst === undefined || keepsBalanceLimit(worst.balance, slack);
}

function balanceText(document: PlacementDocument, { slack, room, units }: Wish): string {
  const { layers, policy } = document;
  const limit = 1 + slack + BALANCE_TOLERANCE;
  const hosts = policy.keptMinReplicas ?? policy.minReplicas;
  const worst = worstBalance(document)!;
  const reached = ceiled(worst.balance - 1);
  const short = slotShortage(layers, room, hosts, limit);
  if (short === undefined) {
    const { loads } = layers.find(({ layer }) => layer === worst.layer)!;
    const { expert, copies } = hottestWithin(loads, room.ranks, limit);
    const effort = policy.effort === "thorough" ? "" : "--effort thorough, ";
    return `Balance is given up in layer ${worst.layer} (${worst.balance.toFixed(3)}): within ${within(slack)} its hottest expert, ${expert}, needs ${gpus(copies)} worth of slots, and the search found no way to spare them; ${effort}one more slot on every GPU or --balance-slack ${reached} may help`;
  }
  const others = layers.find(({ layer }) => layer === short.layer)!.loads.length - 1;
  const left = room.slots - hosts * others;
  const hottest = `its hottest expert, ${short.expert}, needs ${gpus(short.copies)} worth of slots`;
  const on = hosts === 1 ? `one ${units.slice(0, -1)}` : `${hosts} ${units}`;
  const why =
    left < short.copies
      ? `within ${within(slack)} ${hottest}, and ${on} for every other leave${hosts === 1 ? "s" : ""} it ${left}`
      : `within ${within(slack)} and with ${on} for every expert it lacks ${short.missing} slots; ${hottest}`;
  const fewer = Array.from({ length: hosts - 1 }, (_, i) => hosts - 1 - i).find(
    (count) => slotShortage(layers, room, count, limit) === undefined,
  );
  const more = Math.ceil(short.missing / room.ranks);
  const lower = fewer === undefined ? "" : `, or --min-replicas ${fewer},`;
  return `Balance is given up in layer ${short.layer}: ${why}; ${slotsMore(more)}${lower} would help`;
}

/** Hosts that the slots hold for every expert while nothing limits balance, and one more for some of them. */
function survivalText(document: PlacementDocument, { slack, room, units }: Wish): string | undefined {
  const { layers, policy, recovery } = document;
  const unit = policy.failureUnit ?? "node";
  if (recovery === undefined || recovery.certified || unit === "domain") return undefined;
  const count = unit === "gpu" ? room.ranks : placementOf(document).cluster.length;
  const held = Math.floor(room.slots / Math.max(...layers.map(({ loads }) => loads.length)));
  for (const hosts of [held, held + 1]) {
    if (hosts > count || hosts < 2) continue;
    const short = slotShortage(layers, room, hosts, 1 + slack + BALANCE_TOLERANCE);
    const unlimited = slotShortage(layers, room, hosts, Number.POSITIVE_INFINITY)?.missing ?? 0;
    if (short === undefined || short.missing <= unlimited) continue;
    return `Survival is given up for balance: for every expert on ${hosts} ${units}, layer ${short.layer} lacks ${short.missing} slots within ${within(slack)} and ${unlimited === 0 ? "none" : unlimited} without a limit, as its hottest expert, ${short.expert}, needs ${gpus(short.copies)} worth of slots; one more slot on every GPU, or a looser --balance-slack, would help`;
  }
  return undefined;
}

function within(slack: number): string {
  return String(Number((1 + slack).toFixed(6)));
}

/** Up to two decimals, never less. */
function ceiled(value: number): number {
  return Math.ceil(value * 100 - 1e-9) / 100;
}

function gpus(count: number): string {
  return count === 1 ? "one GPU's" : `${count} GPUs'`;
}

function slotsMore(count: number): string {
  return count === 1 ? "one more slot on every GPU" : `${count} more slots on every GPU`;
}
