/**
 * A repair as an order of single transfers, of which any number may be made: no transfer overwrites the last copy of an expert, and at no
 * time a loss is likelier than had nothing been moved. Three orders are looked at:
 *
 * - one in which no failure ever loses the job that would not have lost it at first: an expert only leaves a slot when some set of hosts
 *   that was there at first lies inside those it keeps;
 * - one in which hosts are only taken from experts as far as what was gained before outweighs it;
 * - the whole repair, less what would have to wait for others to be worth it.
 */
import { FREE_SLOT, hostSets, type LayerPlacement } from "../../layout/placement.ts";
import { expectedFailures } from "../../placement/policy.ts";
import { failureUnits, recoveryUnder, unitSets } from "../../recovery/failureUnits.ts";
import { survivalProbability } from "../../recovery/survivalProbability.ts";
import { HostSetTable } from "./hostSetTable.ts";
import { houseAll } from "./houseAll.ts";
import { type OpenRepair, openRepair, type RepairProblem, repairLayers, staysInside } from "./repairPlacement.ts";
import { type Step, stepsTo } from "./stepsTo.ts";
import { type OrderedTransfer, TransferRounds } from "./transferRounds.ts";

/** As much of a repair as is worth making. */
export interface OrderedRepair {
  readonly transfers: readonly OrderedTransfer[];
  readonly layers: readonly LayerPlacement[];
  readonly survival: number;
  readonly balance: number;
  /** What is survived on the way when that goes worst. */
  readonly lowestSurvival: number;
}

/** How a repair goes about it, as repairLayers is told. */
interface RepairOrder {
  readonly keep?: HostSetTable;
  readonly steadily?: boolean;
  readonly housesFirst?: boolean;
}

/** Times that experts are shared out anew after a transfer, on average, at most: where nobody has tokens loads never settle. */
const SETTLED_EACH = 8;
/** Differences that do not count. */
const TOLERANCE = 1e-12;
const BALANCE_TOLERANCE = 1e-9;

/** The best of all beginnings of the orders with at most so many transfers: the one that survives most, then the most even. */
export function orderedRepair(problem: RepairProblem, maxMoves: number): OrderedRepair {
  const keep = firstSets(problem);
  const orders: readonly RepairOrder[] = [{ keep }, { steadily: true }, {}];
  const isHoused = problem.survivors.layers.every(({ replicas }) => !replicas.includes(0));
  const all = isHoused ? orders : [...orders, ...orders.map((order) => ({ ...order, housesFirst: true }))];
  const found = all.map((order): Ordered => {
    const goal = openRepair(problem);
    const held = goal.layers.map(({ table }) => table.expertAt.slice());
    const arrivals = repairLayers(problem, goal, { singly: true, ...order });
    const now = openRepair(problem);
    const walk = new Walk(problem, now, maxMoves, order.keep && staysInside(now.setting.sets, order.keep));
    if (order.housesFirst === true) {
      const housed = openRepair(problem);
      walk.house(houseAll({ ...housed.setting, layers: housed.layers, enough: 0, budget: Infinity }));
    }
    walk.take(stepsTo(goal, held, arrivals, walk.unevenFirst));
    return walk.best();
  });
  return found.reduce((best, other) => {
    if (other.homeless !== best.homeless) return other.homeless < best.homeless ? other : best;
    const gain = other.survival - best.survival;
    return gain > TOLERANCE || (gain > -TOLERANCE && other.balance < best.balance - BALANCE_TOLERANCE) ? other : best;
  });
}

/** The sets that hold experts at first: every failure that leaves one of them is survived. */
function firstSets({ survivors, policy }: RepairProblem): HostSetTable {
  const units = failureUnits(survivors.cluster, expectedFailures(policy));
  const first = new HostSetTable(units.count, units.probability);
  for (const set of unitSets(survivors.layers.flatMap(hostSets), units)) if (set.length > 0) first.use(first.id(set));
  return first;
}

/** An ordered repair that leaves so many experts without a slot. */
interface Ordered extends OrderedRepair {
  readonly homeless: number;
}

/** A state on the way. */
interface Stop extends Omit<Ordered, "transfers"> {
  readonly lost: number;
  readonly transfers: number;
}

/** The live nodes while transfers are made. */
class Walk {
  readonly #problem: RepairProblem;
  readonly #repair: OpenRepair;
  readonly #maxMoves: number;
  readonly #mayLeave: ((set: number) => boolean) | undefined;
  readonly #rounds: TransferRounds;
  readonly #balances: number[];
  #best: Stop;
  /** Loss at first, and where it is most so far; what is survived there. */
  readonly #firstLost: number;
  #mostLost: number;
  #homeless: number;
  #lowestSurvival: number;

  constructor(problem: RepairProblem, repair: OpenRepair, maxMoves: number, mayLeave: ((set: number) => boolean) | undefined) {
    this.#problem = problem;
    this.#repair = repair;
    this.#maxMoves = maxMoves;
    this.#mayLeave = mayLeave;
    for (const layer of repair.layers) layer.shareOut();
    this.#balances = repair.layers.map(({ table }) => balanceOf(table));
    const { cluster, leaving } = problem.survivors;
    this.#rounds = new TransferRounds(cluster.length + (leaving?.cluster.length ?? 0));
    this.#firstLost = repair.setting.sets.lost;
    this.#mostLost = this.#firstLost;
    this.#homeless = repair.layers.reduce((sum, { table }) => sum + table.copies.filter(({ length }) => length === 0).length, 0);
    this.#lowestSurvival = this.#survival();
    this.#best = this.#stop(this.#lowestSurvival);
  }

  /** Layers, those with the busiest ranks first. */
  get unevenFirst(): number[] {
    return [...this.#balances.keys()].sort((a, b) => this.#balances[b]! - this.#balances[a]! || a - b);
  }

  /** Takes steps in this order, those that make a loss likelier than it was at first later, or not at all. */
  take(steps: readonly Step[]): void {
    for (let waiting = steps; waiting.length > 0; ) {
      const blocked = waiting.filter((step) => !this.#make(step));
      if (blocked.length === waiting.length) return;
      waiting = blocked;
    }
  }

  /** Takes steps that give experts their first slot, whoever makes room. */
  house(steps: readonly Step[]): void {
    for (const step of steps) this.#make(step);
  }

  #isSafe(): boolean {
    return this.#repair.setting.sets.lost <= this.#firstLost * (1 + BALANCE_TOLERANCE);
  }

  /** Makes a step if there are transfers left and it is safe; says whether it did. */
  #make({ layer, expert, slot }: Step): boolean {
    const { setting, layers } = this.#repair;
    const state = layers[layer]!;
    const { table } = state;
    const node = setting.nodeOfSlot[slot]!;
    const victim = table.expertAt[slot]!;
    if (table.holds(setting.slots.rankOfSlot[slot]!, expert)) return false;
    const isSent = state.copiesOn(node, expert) === 0 && !(table.copies[expert]!.length === 0 && state.wasOn(node, expert));
    // What only nodes that leave hold is lost without a host; with one it is as safe as that.
    const isFirst = table.copies[expert]!.length === 0;
    if (isSent && this.#rounds.transfers.length >= this.#maxMoves) return false;
    if (victim !== FREE_SLOT) {
      if (table.copies[victim]!.length === 1) return false;
      if (
        this.#mayLeave !== undefined &&
        !isFirst &&
        state.copiesOn(node, victim) === 1 &&
        !this.#mayLeave(state.setWithout(victim, node))
      )
        return false;
    }
    const { leaving } = this.#problem.survivors;
    const sources = state.hostsOf(expert).concat(leaving === undefined ? [] : leaving.holders[layer]![expert]!);
    const touched = victim === FREE_SLOT ? [expert] : [expert, victim];
    for (const one of touched) table.lift(one);
    state.replace(slot, expert);
    const isMade = isFirst || this.#isSafe();
    if (!isMade) state.replace(slot, victim);
    for (const one of touched) if (table.copies[one]!.length > 0) table.lay(one);
    if (!isMade) return false;
    table.settle(touched, SETTLED_EACH * table.copies.length);
    if (isFirst) this.#homeless--;
    if (isSent) this.#rounds.send(layer, expert, sources, node, victim);
    this.#balances[layer] = balanceOf(table);
    this.#compare();
    return true;
  }

  best(): Ordered {
    const { transfers, ...stop } = this.#best;
    return { ...stop, transfers: this.#rounds.transfers.slice(0, transfers) };
  }

  /** Takes what is there now where it survives more than the best so far, or as much and is more even. */
  #compare(): void {
    const best = this.#best;
    const { lost } = this.#repair.setting.sets;
    if (lost > this.#mostLost * (1 + BALANCE_TOLERANCE)) {
      this.#mostLost = lost;
      this.#lowestSurvival = Math.min(this.#lowestSurvival, this.#survival());
    }
    if (this.#homeless < best.homeless) {
      this.#best = this.#stop(this.#survival());
      return;
    }
    const isSame = Math.abs(lost - best.lost) <= TOLERANCE * best.lost;
    if (!isSame && lost > best.lost) return;
    const balance = Math.max(...this.#balances);
    if (isSame && balance >= best.balance - BALANCE_TOLERANCE) return;
    const survival = isSame ? best.survival : this.#survival();
    if (
      survival > best.survival + TOLERANCE ||
      (survival >= best.survival - TOLERANCE && balance < best.balance - BALANCE_TOLERANCE)
    ) {
      this.#best = this.#stop(survival);
    }
  }

  #stop(survival: number): Stop {
    const { layers, setting } = this.#repair;
    return {
      homeless: this.#homeless,
      lost: setting.sets.lost,
      survival,
      lowestSurvival: this.#lowestSurvival,
      balance: Math.max(...this.#balances),
      transfers: this.#rounds.transfers.length,
      layers: layers.map((layer) => layer.placement()),
    };
  }

  #survival(): number {
    const { survivors, policy } = this.#problem;
    const units = failureUnits(survivors.cluster, expectedFailures(policy));
    const { sets } = this.#repair.setting;
    const hosts = sets.minimal().map((set) => [...sets.members(set)]);
    const perNode = { ...units, unitOfNode: Array.from({ length: units.count }, (_, unit) => unit) };
    return survivalProbability(recoveryUnder([hosts], perNode, policy.seed), units.probability).probability;
  }
}

function balanceOf({ busiest, mean }: { readonly busiest: number; readonly mean: number }): number {
  return mean === 0 ? 1 : busiest / mean;
}
