/** One layer under repair: which expert is in every slot, which units hold it, and what has to be sent. */
import { countReplicas, FREE_SLOT, type LayerLoads, type LayerPlacement } from "../../layout/placement.ts";
import type { RankSlots } from "../../placement/resilient/ranks/rankSlots.ts";
import { RankTable, type Shares } from "../../placement/resilient/ranks/rankTable.ts";
import type { HostSetTable } from "./hostSetTable.ts";

/** What all layers share. */
export interface LayerSetting {
  readonly slots: RankSlots;
  readonly nodeOfSlot: Int32Array;
  readonly shares: Shares;
  readonly unitOfNode: readonly number[];
  readonly sets: HostSetTable;
}

/** Slots of one layer. */
export class RepairedLayer {
  readonly layer: number;
  readonly table: RankTable;
  /** Units of each expert's hosts, shape [experts]. */
  readonly setOf: Int32Array;
  readonly #setting: LayerSetting;
  readonly #nodes: number;
  /** Copies by expert and node; by expert and unit; whether a node held it before; shape [experts * nodes or units]. */
  readonly #onNode: Int16Array;
  readonly #inUnit: Int16Array;
  readonly #held: Uint8Array;
  readonly #units: number;
  /** Replicas on nodes that did not hold their expert. */
  moved = 0;

  /**
   * @param held expert in each slot of each node, of which second copies on a rank are dropped where shares are free
   * @param holders nodes that hold each expert, in slots or in memory
   */
  constructor(
    { layer, loads }: LayerLoads,
    held: readonly (readonly number[])[],
    holders: readonly (readonly number[])[],
    setting: LayerSetting,
  ) {
    const { slots, shares, unitOfNode, sets } = setting;
    this.layer = layer;
    this.#setting = setting;
    this.table = new RankTable(slots, loads, shares);
    this.#nodes = unitOfNode.length;
    this.#units = Math.max(...unitOfNode) + 1;
    this.#onNode = new Int16Array(loads.length * this.#nodes);
    this.#inUnit = new Int16Array(loads.length * this.#units);
    this.#held = new Uint8Array(this.#onNode.length);
    holders.forEach((nodes, expert) => {
      for (const node of nodes) this.#held[expert * this.#nodes + node] = 1;
    });
    const nothing = sets.id([]);
    this.setOf = new Int32Array(loads.length).fill(nothing);
    for (let expert = 0; expert < loads.length; expert++) sets.use(nothing);
    held.flat().forEach((expert, slot) => {
      if (expert === FREE_SLOT || (shares === "free" && this.table.holds(slots.rankOfSlot[slot]!, expert))) return;
      this.put(expert, slot);
    });
  }

  /** Shares the tokens of all experts out among their copies. */
  shareOut(): void {
    const { table } = this;
    for (let expert = 0; expert < table.copies.length; expert++) if (table.copies[expert]!.length > 0) table.lay(expert);
    table.settleAll(20);
  }

  /** Nodes that hold an expert, in slots or, before anything moved, in memory only. */
  hostsOf(expert: number): number[] {
    const hosts = new Set(this.table.copies[expert]!.map((slot) => this.#setting.nodeOfSlot[slot]!));
    if (hosts.size > 0) return [...hosts];
    return Array.from({ length: this.#nodes }, (_, node) => node).filter((node) => this.wasOn(node, expert));
  }

  /** Copies of an expert on a node. */
  copiesOn(node: number, expert: number): number {
    return this.#onNode[expert * this.#nodes + node]!;
  }

  /** Whether a node held an expert before anything moved. */
  wasOn(node: number, expert: number): boolean {
    return this.#held[expert * this.#nodes + node] === 1;
  }

  /** Tokens that each copy of an expert takes, were they shared evenly. */
  tokensEach(expert: number): number {
    return this.table.loads[expert]! / this.table.copies[expert]!.length;
  }

  /** The units that hold an expert when it loses a copy on a node. */
  setWithout(expert: number, node: number): number {
    const unit = this.#setting.unitOfNode[node]!;
    const set = this.setOf[expert]!;
    return this.#inUnit[expert * this.#units + unit] === 1 ? this.#setting.sets.toggled(set, unit) : set;
  }

  put(expert: number, slot: number): void {
    this.table.put(expert, slot);
    const node = this.#setting.nodeOfSlot[slot]!;
    const unit = this.#setting.unitOfNode[node]!;
    const at = expert * this.#nodes + node;
    if (this.#onNode[at]!++ === 0 && this.#held[at] === 0) this.moved++;
    if (this.#inUnit[expert * this.#units + unit]!++ === 0) this.#change(expert, unit);
  }

  remove(slot: number): void {
    const expert = this.table.expertAt[slot]!;
    if (expert === FREE_SLOT) return;
    this.table.remove(expert, slot);
    const node = this.#setting.nodeOfSlot[slot]!;
    const unit = this.#setting.unitOfNode[node]!;
    const at = expert * this.#nodes + node;
    if (--this.#onNode[at]! === 0 && this.#held[at] === 0) this.moved--;
    if (--this.#inUnit[expert * this.#units + unit]! === 0) this.#change(expert, unit);
  }

  /** Lets an expert take a slot from what is there. */
  replace(slot: number, expert: number): void {
    this.remove(slot);
    if (expert !== FREE_SLOT) this.put(expert, slot);
  }

  /** Two experts take each other's slots. */
  trade(one: number, two: number): void {
    const { table, setOf } = this;
    const slots = table.copies[one]!;
    table.copies[one] = table.copies[two]!;
    table.copies[two] = slots;
    for (const slot of table.copies[one]!) table.expertAt[slot] = one;
    for (const slot of table.copies[two]!) table.expertAt[slot] = two;
    [setOf[one], setOf[two]] = [setOf[two]!, setOf[one]!];
    for (let unit = 0; unit < this.#units; unit++) {
      exchange(this.#inUnit, one * this.#units + unit, two * this.#units + unit);
    }
    for (let node = 0; node < this.#nodes; node++) {
      const [a, b] = [one * this.#nodes + node, two * this.#nodes + node];
      const both = this.#onNode[a]! > 0 && this.#onNode[b]! > 0;
      if (!both && this.#onNode[a]! + this.#onNode[b]! > 0) {
        const lacking = this.#held[b]! - this.#held[a]!;
        this.moved += this.#onNode[a]! > 0 ? -lacking : lacking;
      }
      exchange(this.#onNode, a, b);
    }
  }

  placement(): LayerPlacement {
    const { firstSlot, firstRank } = this.#setting.slots;
    const { expertAt, loads } = this.table;
    const nodes = Array.from({ length: this.#nodes }, (_, node) =>
      Array.from(expertAt.subarray(firstSlot[firstRank[node]!]!, firstSlot[firstRank[node + 1]!]!)),
    );
    return { layer: this.layer, loads: Array.from(loads), replicas: countReplicas(loads.length, nodes), nodes };
  }

  #change(expert: number, unit: number): void {
    const { sets } = this.#setting;
    const before = this.setOf[expert]!;
    const after = sets.toggled(before, unit);
    sets.use(after);
    sets.leave(before);
    this.setOf[expert] = after;
  }
}

function exchange(numbers: Int16Array, one: number, two: number): void {
  const before = numbers[one]!;
  numbers[one] = numbers[two]!;
  numbers[two] = before;
}
