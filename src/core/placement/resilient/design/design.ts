/** The state of the search: host sets by position, and in every layer the expert that takes each position. */
import type { DesignLayer } from "./designLayer.ts";
import type { Objective } from "./objective.ts";
import { membersOf } from "./subsets.ts";
import type { SurvivalTable } from "./survivalTable.ts";
import type { SyncTable } from "./syncTable.ts";

/** One or two positions get other hosts: from -> to as bit masks; `second` is -1 when there is none. */
export interface HostMove {
  readonly first: number;
  readonly firstFrom: number;
  readonly firstTo: number;
  readonly second: number;
  readonly secondFrom: number;
  readonly secondTo: number;
}

/** Host sets and experts, to come back to. */
export interface Snapshot {
  readonly hosts: Int32Array;
  readonly experts: readonly Int32Array[];
}

/** What a design is built on. */
export interface DesignParts {
  /** Host set of each position as a bit mask, shape [positions]; they enter the tables. */
  readonly hosts: Int32Array;
  /** Slots of each node, shape [nodes]. */
  readonly slots: readonly number[];
  readonly layers: readonly DesignLayer[];
  readonly objective: Objective;
  /** Shared with the designs of other layers, where there are any. */
  readonly survival: SurvivalTable;
  readonly sync?: SyncTable | undefined;
}

/** Host sets by position, with everything that is counted about them. */
export class Design {
  readonly hosts: Int32Array;
  /** Free slots of each node, shape [nodes]. */
  readonly free: Int32Array;
  readonly layers: readonly DesignLayer[];
  #objective: Objective;
  readonly #survival: SurvivalTable;
  readonly #sync: SyncTable | undefined;
  #costElsewhere = 0;
  #cost = 0;
  #energy = 0;

  constructor({ hosts, slots, layers, objective, survival, sync }: DesignParts) {
    this.hosts = hosts;
    this.free = Int32Array.from(slots);
    this.layers = layers;
    this.#objective = objective;
    this.#survival = survival;
    this.#sync = sync;
    for (const set of hosts) this.#enter(set);
    this.recount();
  }

  /** Probability that the job is lost. */
  get lost(): number {
    return this.#survival.lost;
  }

  /** Cost of all layers, also of those outside the design. */
  get cost(): number {
    return this.#cost;
  }

  /** By how much limits are broken. */
  get violation(): number {
    return this.#objective.violation(this.#cost, this.#syncCost);
  }

  /** What to compare states by that keep all limits: less is better. */
  get badness(): number {
    return this.#objective.badness(this.lost, this.#cost, this.#syncCost);
  }

  /** Lets the experts at two positions of a layer take each other's host sets, unless that costs more energy than tolerated. */
  trySwap(layer: DesignLayer, first: number, second: number, tolerated: number): boolean {
    const before = layer.table.cost;
    this.#swap(layer, first, second);
    const cost = this.#cost - before + layer.table.cost;
    const energy = this.#energyWith(cost);
    if (energy <= this.#energy + tolerated) {
      this.recount();
      return true;
    }
    this.#swap(layer, first, second);
    return false;
  }

  /** Changes host sets, unless that costs more energy than tolerated or loses the job more likely than `mostLost`. */
  tryMove(move: HostMove, tolerated: number, mostLost: number): boolean {
    const most = this.#energy + tolerated;
    this.#changeHosts(move.first, move.firstFrom, move.firstTo);
    if (move.second >= 0) this.#changeHosts(move.second, move.secondFrom, move.secondTo);
    if (this.lost <= mostLost && this.#carryOver(move, most)) {
      this.recount();
      return true;
    }
    if (move.second >= 0) this.#changeHosts(move.second, move.secondTo, move.secondFrom);
    this.#changeHosts(move.first, move.firstTo, move.firstFrom);
    return false;
  }

  /** Host set of each expert of a layer, as bit masks, shape [experts]. */
  hostsByExpert(layer: number): Int32Array {
    const { loads, expert } = this.layers[layer]!;
    const sets = new Int32Array(loads.length);
    expert.forEach((e, position) => {
      if (e < sets.length) sets[e] = this.hosts[position]!;
    });
    return sets;
  }

  /** Goes after something else from now on. */
  pursue(objective: Objective): void {
    this.#objective = objective;
    this.recount();
  }

  /** Counts with this cost of layers outside the design from now on. */
  setCostElsewhere(cost: number): void {
    this.#costElsewhere = cost;
    this.recount();
  }

  /** Copies host sets and experts. */
  snapshot(): Snapshot {
    return { hosts: this.hosts.slice(), experts: this.layers.map(({ expert }) => expert.slice()) };
  }

  /** Copies host sets and experts over an older copy. */
  retake({ hosts, experts }: Snapshot): void {
    hosts.set(this.hosts);
    this.layers.forEach(({ expert }, l) => {
      experts[l]!.set(expert);
    });
  }

  /** Comes back to host sets and experts that were copied before. */
  restore({ hosts, experts }: Snapshot): void {
    for (const { tokens, table } of this.layers) {
      tokens.forEach((count, position) => {
        table.change(this.hosts[position]!, count, 0);
      });
    }
    for (const set of this.hosts) this.#leave(set);
    this.hosts.set(hosts);
    for (const set of hosts) this.#enter(set);
    this.layers.forEach(({ loads, expert, tokens, table }, l) => {
      expert.set(experts[l]!);
      expert.forEach((e, position) => {
        tokens[position] = loads[e] ?? 0;
        table.change(hosts[position]!, 0, tokens[position]!);
      });
    });
    this.recount();
  }

  /** Carries a move over to the layers one by one; undone, and false, as soon as their costs are too much. */
  #carryOver({ first, firstFrom, firstTo, second, secondFrom, secondTo }: HostMove, mostEnergy: number): boolean {
    let cost = this.#costElsewhere;
    if (this.#energyWith(cost) > mostEnergy) return false;
    for (let l = 0; l < this.layers.length; l++) {
      const { table, tokens } = this.layers[l]!;
      table.move(firstFrom, firstTo, tokens[first]!);
      if (second >= 0) table.move(secondFrom, secondTo, tokens[second]!);
      cost += table.cost;
      if (this.#energyWith(cost) <= mostEnergy) continue;
      for (let done = l; done >= 0; done--) {
        const { table, tokens } = this.layers[done]!;
        if (second >= 0) table.move(secondTo, secondFrom, tokens[second]!);
        table.move(firstTo, firstFrom, tokens[first]!);
      }
      return false;
    }
    return true;
  }

  #changeHosts(position: number, from: number, to: number): void {
    for (let left = from & ~to; left !== 0; left &= left - 1) this.free[31 - Math.clz32(left & -left)]!++;
    for (let entered = to & ~from; entered !== 0; entered &= entered - 1) this.free[31 - Math.clz32(entered & -entered)]!--;
    this.hosts[position] = to;
    this.#survival.add(to);
    this.#survival.remove(from);
    this.#sync?.move(from, to);
  }

  #swap({ tokens, expert, table }: DesignLayer, first: number, second: number): void {
    const [before, after] = [tokens[first]!, tokens[second]!];
    table.change(this.hosts[first]!, before, after);
    table.change(this.hosts[second]!, after, before);
    tokens[first] = after;
    tokens[second] = before;
    const moved = expert[first]!;
    expert[first] = expert[second]!;
    expert[second] = moved;
  }

  #enter(set: number): void {
    this.#survival.add(set);
    this.#sync?.move(0, set);
    for (const node of membersOf(set)) this.free[node]!--;
  }

  #leave(set: number): void {
    this.#survival.remove(set);
    this.#sync?.move(set, 0);
    for (const node of membersOf(set)) this.free[node]!++;
  }

  get #syncCost(): number {
    return this.#sync?.cost ?? 0;
  }

  #energyWith(cost: number): number {
    return this.#objective.energy(this.lost, cost, this.#syncCost);
  }

  /** Takes stock of all tables, also after one was changed from outside; sums afresh, so that rounding does not pile up. */
  recount(): void {
    this.#cost = this.#costElsewhere;
    for (const { table } of this.layers) this.#cost += table.cost;
    this.#energy = this.#energyWith(this.#cost);
  }
}
