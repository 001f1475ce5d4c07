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
  /** Tokens + 1 of each slot; 0 where this iteration has no row yet. */
  private totals = new Float64Array(1);
  /** Slots that this iteration has rows for. */
  private readonly present: number[] = [];

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

  /** Puts the tokens of an expert from a rank (0 without ranks); returns what is wrong with it, if anything. */
  put(layer: number, rank: number, expert: number, tokens: number): string | undefined {
    const cell = this.cell(layer, rank, expert);
    if (cell < 0) return this.outOfBounds(layer, rank, expert);
    if (this.cells[cell] !== 0)
      return `${this.name(layer, rank, expert)} has a second row in this iteration; expected one: remove it`;
    return this.add(cell, tokens);
  }

  /**
   * Counts one token. Token numbers must rise within a layer, rank and expert: so duplicates are found without a list of
   * all tokens, and any log sorted by token will do.
   */
  countToken(layer: number, rank: number, expert: number, token: number): string | undefined {
    const cell = this.cell(layer, rank, expert);
    if (cell < 0) return this.outOfBounds(layer, rank, expert);
    if (this.newestToken.length < this.cells.length) this.newestToken = new Float64Array(this.cells.length);
    if (this.cells[cell] !== 0 && token <= (this.newestToken[cell] as number)) {
      const name = this.name(layer, rank, expert);
      if (token === this.newestToken[cell])
        return `token ${token} goes to ${name} twice in this iteration; expected once: remove one`;
      return `token ${token} comes after token ${this.newestToken[cell]} for ${name}; expected rising tokens: sort the rows by iteration, then token`;
    }
    this.newestToken[cell] = token;
    return this.add(cell, 1);
  }

  /** Ends the iteration and starts the next. The step's arrays are overwritten by the next call. */
  takeStep(iteration: number): RoutingStep {
    const { experts, expertBits, rankBits } = this;
    const ranks = this.byRank ? this.ranks : 0;
    const layers = this.present.map((slot) => this.buffers[slot] as LayerBuffers).sort((a, b) => a.layer - b.layer);
    for (const buffers of layers) {
      buffers.loads = zeros(buffers.loads, experts);
      if (ranks > 0) buffers.byRank = zeros(buffers.byRank, ranks * experts);
    }
    for (let i = 0; i < this.touchedCount; i++) {
      const cell = this.touched[i] as number;
      const tokens = (this.cells[cell] as number) - 1;
      this.cells[cell] = 0;
      const expert = cell & ((1 << expertBits) - 1);
      const { loads, byRank } = this.buffers[cell >>> (expertBits + rankBits)] as LayerBuffers;
      loads[expert] = (loads[expert] as number) + tokens;
      if (byRank !== undefined) byRank[((cell >>> expertBits) & ((1 << rankBits) - 1)) * experts + expert] = tokens;
    }
    for (const slot of this.present) this.totals[slot] = 0;
    this.present.length = 0;
    this.touchedCount = 0;
    return { iteration, experts, ranks, layers };
  }

  /** Index of a cell, which must be within bounds after growing the table if need be; -1 otherwise. */
  private cell(layer: number, rank: number, expert: number): number {
    if (rank < this.ranks && expert < this.experts && layer < ID_LIMITS.layer) {
      const slot = (this.slotOf[layer] as number) - 1;
      if (slot >= 0) return (((slot << this.rankBits) | rank) << this.expertBits) | expert;
    }
    return this.grow(layer, rank, expert) ? this.cell(layer, rank, expert) : -1;
  }

  private add(cell: number, tokens: number): string | undefined {
    const before = this.cells[cell] as number;
    if (before === 0) {
      if (this.touchedCount === this.touched.length) this.touched = enlarged(this.touched, 2 * this.touched.length);
      this.touched[this.touchedCount++] = cell;
    }
    this.cells[cell] = (before === 0 ? 1 : before) + tokens;
    const slot = cell >>> (this.expertBits + this.rankBits);
    if (this.totals[slot] === 0) {
      this.totals[slot] = 1;
      this.present.push(slot);
    }
    const total = this.totals[slot] as number;
    this.totals[slot] = total + tokens;
    if (tokens <= 2 ** 53 - total) return undefined;
    const { layer } = this.buffers[slot] as LayerBuffers;
    return `the tokens of layer ${layer} sum to 2^53 or more in this iteration; expected less: correct the counts`;
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
    this.totals = enlarged(this.totals, 2 ** slotBits);
    this.expertBits = expertBits;
    this.rankBits = rankBits;
    this.slotBits = slotBits;
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

function enlarged<T extends Int32Array | Float64Array>(array: T, length: number): T {
  const larger = new (array.constructor as new (length: number) => T)(Math.max(length, array.length));
  larger.set(array);
  return larger;
}
