/** The counts of one iteration while its rows are read. */
import type { LayerTokens, RoutingStep } from "../../core/profile/routingStep.ts";
import { ID_LIMITS, type RoutingColumns } from "./routingColumns.ts";

/** Most counts that a table has room for: as many as 64 layers of 256 experts have from 4096 ranks. */
const MOST_CELL_BITS = 26;

/** A layer's tokens in the newest step; used again for the next one. */
type LayerBuffers = { -readonly [K in keyof LayerTokens]: LayerTokens[K] };

/**
 * Tokens by layer, rank and expert of one iteration at a time. A count is a cell, known by its index in shape [layer
 * slots][ranks][experts], all three padded to powers of two; layers take slots as they appear. The work for an iteration
 * depends on its rows (and on the experts, which a step lists in full), not on the size of the table.
 */
export class StepTable {
  private readonly hasRank: boolean;
  private readonly byRank: boolean;
  private readonly mostExperts: number;
  /** One more than the largest id so far, or what the caller knows. */
  private experts: number;
  private ranks = 0;
  private expertBits = 0;
  private rankBits = 0;
  private slotBits = 0;
  /** Tokens + 1 of each cell; 0 where this iteration has no row yet, so that fresh memory needs no filling. */
  private cells: Float64Array;
  /** Newest token number of each touched cell, in logs of single tokens. */
  private newestToken = new Float64Array(0);
  /** Cells that this iteration has rows for. */
  private touched = new Int32Array(1024);
  private touchedCount = 0;
  /** Slot + 1 of each layer; 0 for a layer not seen yet. */
  private readonly slotOf = new Int32Array(ID_LIMITS.layer);
  private readonly buffers: LayerBuffers[] = [];
  /** Experts of the first step; 0 before its end, -1 when some step lists not all. */
  private listed = 0;

  /**
   * @param experts number of experts where it is known; otherwise one more than the largest id seen so far
   * @param byRank whether steps list tokens by source rank
   */
  constructor(columns: Pick<RoutingColumns, "rank">, experts: number | undefined, byRank: boolean) {
    this.hasRank = columns.rank >= 0;
    this.byRank = byRank;
    this.mostExperts = experts ?? ID_LIMITS.expert;
    this.experts = experts ?? 0;
    this.expertBits = bitsFor(this.experts);
    this.cells = new Float64Array(2 ** this.expertBits);
  }

  /** Whether every step so far has a row for every expert, from every rank, in each of its layers: whoever writes so leaves none out. */
  get listsAll(): boolean {
    return this.listed === this.experts;
  }

  /** Experts of a layer, as far as known. */
  get expertCount(): number {
    return this.experts;
  }

  /** Puts the tokens of an expert from a rank (0 without ranks); returns what is wrong with it, if anything. */
  put(layer: number, rank: number, expert: number, tokens: number): string | undefined {
    const cell = this.cell(layer, rank, expert);
    if (cell < 0) return this.outOfBounds(layer, rank, expert);
    if (this.cells[cell] !== 0) return this.secondRow(layer, rank, expert);
    this.touch(cell);
    this.cells[cell] = tokens + 1;
    return undefined;
  }

  /**
   * Counts one token. Token numbers must rise within a layer, rank and expert: so duplicates are found without a list of
   * all tokens, and any log sorted by token will do.
   */
  countToken(layer: number, rank: number, expert: number, token: number): string | undefined {
    const cell = this.cell(layer, rank, expert);
    if (cell < 0) return this.outOfBounds(layer, rank, expert);
    if (this.newestToken.length < this.cells.length) this.newestToken = new Float64Array(this.cells.length);
    const count = this.cells[cell] as number;
    if (count === 0) this.touch(cell);
    else if (token <= (this.newestToken[cell] as number)) return this.fallingToken(layer, rank, expert, token, cell);
    this.newestToken[cell] = token;
    this.cells[cell] = count === 0 ? 2 : count + 1;
    return undefined;
  }

  /**
   * Ends the iteration and starts the next; returns its step, whose arrays the next call overwrites, or what is wrong.
   */
  takeStep(iteration: number): RoutingStep | string {
    const { experts, expertBits, rankBits } = this;
    const ranks = this.byRank ? this.ranks : 0;
    const present = new Set<LayerBuffers>();
    let slot = -1;
    let layer = this.buffers[0] as LayerBuffers;
    for (let i = 0; i < this.touchedCount; i++) {
      const cell = this.touched[i] as number;
      if (cell >>> (expertBits + rankBits) !== slot) {
        slot = cell >>> (expertBits + rankBits);
        layer = this.buffers[slot] as LayerBuffers;
        if (!present.has(layer)) this.clear(layer, ranks);
        present.add(layer);
      }
      const tokens = (this.cells[cell] as number) - 1;
      this.cells[cell] = 0;
      const expert = cell & ((1 << expertBits) - 1);
      layer.loads[expert] = (layer.loads[expert] as number) + tokens;
      if (layer.byRank !== undefined) layer.byRank[((cell >>> expertBits) & ((1 << rankBits) - 1)) * experts + expert] = tokens;
    }
    const isFull = this.touchedCount === present.size * experts * this.ranks;
    this.listed = isFull && (this.listed === 0 || this.listed === experts) ? experts : -1;
    this.touchedCount = 0;
    const layers = [...present].sort((a, b) => a.layer - b.layer);
    for (const { layer, loads } of layers) {
      let sum = 0;
      for (const load of loads) sum += load;
      if (sum > Number.MAX_SAFE_INTEGER) {
        return `the tokens of layer ${layer} sum to 2^53 or more in iteration ${iteration}, which ends here; expected less: correct the counts`;
      }
    }
    return { iteration, experts, ranks, layers };
  }

  private clear(layer: LayerBuffers, ranks: number): void {
    layer.loads = zeros(layer.loads, this.experts);
    if (ranks > 0) layer.byRank = zeros(layer.byRank, ranks * this.experts);
  }

  /** Index of a cell, after growing the table if need be; -1 when it is out of bounds. */
  private cell(layer: number, rank: number, expert: number): number {
    if (rank < this.ranks && expert < this.experts && layer < ID_LIMITS.layer) {
      const slot = (this.slotOf[layer] as number) - 1;
      if (slot >= 0) return (((slot << this.rankBits) | rank) << this.expertBits) | expert;
    }
    return this.grow(layer, rank, expert) ? this.cell(layer, rank, expert) : -1;
  }

  private touch(cell: number): void {
    if (this.touchedCount === this.touched.length) this.touched = doubled(this.touched);
    this.touched[this.touchedCount++] = cell;
  }

  /** Makes room for a row's ids; false when they are beyond the limits. */
  private grow(layer: number, rank: number, expert: number): boolean {
    if (layer >= ID_LIMITS.layer || rank >= ID_LIMITS.rank || expert >= this.mostExperts) return false;
    const known = this.slotOf[layer] !== 0;
    const experts = Math.max(this.experts, expert + 1);
    const ranks = Math.max(this.ranks, rank + 1);
    const expertBits = bitsFor(experts);
    const rankBits = bitsFor(ranks);
    const slotBits = bitsFor(this.buffers.length + (known ? 0 : 1));
    if (expertBits + rankBits + slotBits > MOST_CELL_BITS) return false;
    this.moveCells(expertBits, rankBits, slotBits);
    this.experts = experts;
    this.ranks = ranks;
    if (!known) {
      this.buffers.push({ layer, loads: new Float64Array(0) });
      this.slotOf[layer] = this.buffers.length;
    }
    return true;
  }

  /** Changes the table's shape; cells keep their counts. */
  private moveCells(expertBits: number, rankBits: number, slotBits: number): void {
    if (expertBits === this.expertBits && rankBits === this.rankBits && slotBits === this.slotBits) return;
    const cells = new Float64Array(2 ** (expertBits + rankBits + slotBits));
    const newestToken = new Float64Array(this.newestToken.length > 0 ? cells.length : 0);
    for (let i = 0; i < this.touchedCount; i++) {
      const from = this.touched[i] as number;
      const expert = from & ((1 << this.expertBits) - 1);
      const rank = (from >>> this.expertBits) & ((1 << this.rankBits) - 1);
      const slot = from >>> (this.expertBits + this.rankBits);
      const to = (((slot << rankBits) | rank) << expertBits) | expert;
      cells[to] = this.cells[from] as number;
      if (newestToken.length > 0) newestToken[to] = this.newestToken[from] as number;
      this.touched[i] = to;
    }
    this.cells = cells;
    this.newestToken = newestToken;
    this.expertBits = expertBits;
    this.rankBits = rankBits;
    this.slotBits = slotBits;
  }

  private secondRow(layer: number, rank: number, expert: number): string {
    return `${this.name(layer, rank, expert)} has a second row in this iteration; expected one: remove it`;
  }

  private fallingToken(layer: number, rank: number, expert: number, token: number, cell: number): string {
    const name = this.name(layer, rank, expert);
    const newest = this.newestToken[cell];
    if (token === newest) return `token ${token} goes to ${name} twice in this iteration; expected once: remove one`;
    return `token ${token} comes after token ${newest} for ${name}; expected rising tokens: sort the rows by iteration, then token`;
  }

  private outOfBounds(layer: number, rank: number, expert: number): string {
    for (const [what, id, limit] of [
      ["layer", layer, ID_LIMITS.layer],
      ["rank", rank, ID_LIMITS.rank],
      ["expert", expert, this.mostExperts],
    ] as const) {
      if (id >= limit) return `${what} is ${id}; expected a number below ${limit}: correct the row`;
    }
    const experts = Math.max(this.experts, expert + 1);
    const ranks = Math.max(this.ranks, rank + 1);
    return (
      `${this.name(layer, rank, expert)}: ${this.buffers.length} layers of ${experts} experts from ${ranks} ranks are too many counts; ` +
      `expected at most 2^${MOST_CELL_BITS}: correct the row or split the log by layer`
    );
  }

  private name(layer: number, rank: number, expert: number): string {
    return `layer ${layer}, ${this.hasRank ? `rank ${rank}, ` : ""}expert ${expert}`;
  }
}

/** Bits of an id below `count`. */
function bitsFor(count: number): number {
  return count <= 1 ? 0 : 32 - Math.clz32(count - 1);
}

function zeros(buffer: Float64Array | undefined, length: number): Float64Array {
  return buffer?.length === length ? buffer.fill(0) : new Float64Array(length);
}

function doubled(array: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(2 * array.length);
  larger.set(array);
  return larger;
}
