/** The counts of one iteration while its records come in, in any order and as often as they like. */
import type { LayerTokens, RoutingStep } from "../../core/profile/routingStep.ts";
import { InputError } from "../../errors.ts";
import { ID_LIMITS } from "../routing/routingColumns.ts";
import { guessedExperts } from "../routing/stepReader.ts";
import { logicalExperts, type PhysicalToLogical, type SourceOptions } from "./source.ts";

/** Tokens by layer, rank and expert. */
export class StepCounts {
  private readonly byRank: boolean;
  /** Shape [experts or fewer] by layer, then rank (0 when ranks do not matter). */
  private readonly layers = new Map<number, Map<number, Float64Array>>();
  private experts: number;
  private ranks = 0;
  /** Whether records say as well which experts had no token. */
  private listsIdle: boolean;

  private readonly file: string;
  /** Experts of the model, where the user says how many. */
  private readonly known: number | undefined;

  /**
   * @param options file for messages, whether ranks are kept apart, and how many experts the user says there are
   * @param listed experts that the records list in full; otherwise there is one more than the largest id seen so far
   * @throws InputError when user and records say different numbers
   */
  constructor({ file, byRank, experts }: Pick<SourceOptions, "file" | "byRank" | "experts">, listed = 0) {
    this.file = file;
    this.byRank = byRank;
    this.known = experts;
    if (experts !== undefined && listed > 0 && listed !== experts)
      throw new InputError(`the records list ${listed} experts, but --experts says ${experts}; leave it out`, { file });
    this.experts = experts ?? listed;
    this.listsIdle = this.experts > 0;
  }

  /** Counts that are kept. */
  get size(): number {
    let size = 0;
    for (const rows of this.layers.values()) for (const row of rows.values()) size += row.length;
    return size;
  }

  /** Whether anything was counted since the last step. */
  get empty(): boolean {
    return this.layers.size === 0;
  }

  /**
   * Adds tokens.
   * @throws InputError when an id is beyond what any model or cluster has
   */
  add(layer: number, rank: number, expert: number, tokens: number): void {
    this.check("layer", layer);
    this.check("rank", rank);
    this.check("expert", expert);
    if (this.known !== undefined && expert >= this.known)
      throw new InputError(`expert ${expert} has tokens, but --experts says ${this.known}; correct it`, { file: this.file });
    if (tokens === 0) this.listsIdle = true;
    this.ranks = Math.max(this.ranks, rank + 1);
    this.experts = Math.max(this.experts, expert + 1);
    const loads = this.loadsOf(layer, this.byRank ? rank : 0, expert);
    loads[expert] = (loads[expert] as number) + tokens;
  }

  /** Makes sure that a layer is in the step although it may have no tokens. */
  open(layer: number): void {
    if (!this.layers.has(layer)) this.layers.set(layer, new Map());
  }

  /** Says after the last step that the number of experts is a guess, where it is. */
  noticeGuess({ notice }: Pick<SourceOptions, "notice">): void {
    if (!this.listsIdle && this.experts > 0) notice?.(guessedExperts(this.experts));
  }

  /** Ends the iteration and starts the next. */
  take(iteration: number): RoutingStep {
    const { experts, byRank } = this;
    const ranks = byRank ? this.ranks : 0;
    const layers = Array.from(this.layers, ([layer, rows]): LayerTokens => {
      const loads = new Float64Array(experts);
      const table = new Float64Array(ranks * experts);
      for (const [rank, row] of rows) {
        for (let e = 0; e < Math.min(experts, row.length); e++) {
          loads[e] = (loads[e] as number) + (row[e] as number);
          if (byRank) table[rank * experts + e] = row[e] as number;
        }
      }
      return byRank ? { layer, loads, byRank: table } : { layer, loads };
    });
    this.layers.clear();
    return { iteration, experts, ranks, layers: layers.sort((a, b) => a.layer - b.layer) };
  }

  private check(what: keyof typeof ID_LIMITS, id: number): void {
    if (id < ID_LIMITS[what]) return;
    throw new InputError(`${what} is ${id}; expected a number below ${ID_LIMITS[what]}: correct the record`, { file: this.file });
  }

  private loadsOf(layer: number, rank: number, expert: number): Float64Array {
    this.open(layer);
    const rows = this.layers.get(layer) as Map<number, Float64Array>;
    const found = rows.get(rank);
    if (found !== undefined && found.length > expert) return found;
    const larger = new Float64Array(Math.max(this.experts, 2 * (found?.length ?? 0)));
    if (found !== undefined) larger.set(found);
    rows.set(rank, larger);
    return larger;
  }
}

/**
 * Adds the tokens of every slot to the expert that it holds.
 * @param layers shape [layers][slots], the layers numbered from 0
 * @throws InputError when plan and records do not fit together
 */
export function countSlots(counts: StepCounts, layers: readonly ArrayLike<number>[], ids: PhysicalToLogical, file: string): void {
  for (const [layer, tokens] of layers.entries()) {
    counts.open(layer);
    const experts = logicalExperts(ids, layer, tokens.length, file);
    for (let slot = 0; slot < tokens.length; slot++) counts.add(layer, 0, experts?.[slot] ?? slot, tokens[slot]!);
  }
}
