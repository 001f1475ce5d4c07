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
  /** Units of each expert's hosts, by their number in the table of sets until that is left alone, shape [experts]; and as bits, shape [experts * words]. */
  readonly setOf: Int32Array;
  readonly #bits: Int32Array;
  readonly #scratch: Int32Array;
  #countsSets = true;
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
    this.#bits = new Int32Array(loads.length * sets.words);
    this.#scratch = new Int32Array(sets.words);
    const unitNumbers = Array.from({ length: this.#units }, (_, unit) => unit);
    holders.forEach((nodes, expert) => {
      for (const node of nodes) this.#held[expert * this.#nodes + node] = 1;
    });
    held.flat().forEach((expert, slot) => {
      if (expert === FREE_SLOT || (shares === "free" && this.table.holds(slots.rankOfSlot[slot]!, expert))) return;
      this.#lay(expert, slot);
    });
    this.setOf = Int32Array.from(loads, (_, expert) => {
      const first = expert * this.#units;
      return sets.id(unitNumbers.filter((unit) => this.#inUnit[first + unit]! > 0));
    });
    for (const set of this.setOf) sets.use(set);
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

  /** Whether a unit holds one copy of an expert, and no more. */
  isOnlyIn(unit: number, expert: number): boolean {
    return this.#inUnit[expert * this.#units + unit] === 1;
  }

  /** The units that hold an expert when it loses a copy on a node. */
  setWithout(expert: number, node: number): number {
    const unit = this.#setting.unitOfNode[node]!;
    const set = this.setOf[expert]!;
    return this.#inUnit[expert * this.#units + unit] === 1 ? this.#setting.sets.toggled(set, unit) : set;
  }

  /**
   * The units that hold an expert when it loses a copy on a node, and gets one on another, as bits. Valid until the next call.
   * @param to -1 for none
   */
  unitsWithout(expert: number, node: number, to = -1): Int32Array {
    const { unitOfNode } = this.#setting;
    const scratch = this.#scratch;
    const first = expert * scratch.length;
    for (let word = 0; word < scratch.length; word++) scratch[word] = this.#bits[first + word]!;
    const unit = unitOfNode[node]!;
    if (this.#inUnit[expert * this.#units + unit] === 1) scratch[unit >> 5]! &= ~(1 << (unit & 31));
    if (to >= 0) scratch[unitOfNode[to]! >> 5]! |= 1 << (unitOfNode[to]! & 31);
    return scratch;
  }

  /** From now on the sets in use are left as they are, whatever moves. */
  leaveSets(): void {
    this.#countsSets = false;
  }

  put(expert: number, slot: number): void {
    if (this.#lay(expert, slot)) this.#change(expert, this.#setting.unitOfNode[this.#setting.nodeOfSlot[slot]!]!);
  }

  remove(slot: number): void {
    const expert = this.table.expertAt[slot]!;
    if (expert === FREE_SLOT) return;
    this.table.remove(expert, slot);
    const node = this.#setting.nodeOfSlot[slot]!;
    const unit = this.#setting.unitOfNode[node]!;
    const at = expert * this.#nodes + node;
    if (--this.#onNode[at]! === 0 && this.#held[at] === 0) this.moved--;
    if (--this.#inUnit[expert * this.#units + unit]! > 0) return;
    this.#bits[expert * this.#scratch.length + (unit >> 5)]! &= ~(1 << (unit & 31));
    this.#change(expert, unit);
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
    const words = this.#scratch.length;
    for (let word = 0; word < words; word++) exchange(this.#bits, one * words + word, two * words + word);
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

  /** Puts an expert into a slot; says whether its unit did not hold it yet. */
  #lay(expert: number, slot: number): boolean {
    this.table.put(expert, slot);
    const node = this.#setting.nodeOfSlot[slot]!;
    const at = expert * this.#nodes + node;
    if (this.#onNode[at]!++ === 0 && this.#held[at] === 0) this.moved++;
    const unit = this.#setting.unitOfNode[node]!;
    this.#bits[expert * this.#scratch.length + (unit >> 5)]! |= 1 << (unit & 31);
    return this.#inUnit[expert * this.#units + unit]!++ === 0;
  }

  #change(expert: number, unit: number): void {
    if (!this.#countsSets) return;
    const { sets } = this.#setting;
    const before = this.setOf[expert]!;
    const after = sets.toggled(before, unit);
    sets.use(after);
    sets.leave(before);
    this.setOf[expert] = after;
  }
}

function exchange(numbers: Int16Array | Int32Array, one: number, two: number): void {
  const before = numbers[one]!;
  numbers[one] = numbers[two]!;
  numbers[two] = before;
}
