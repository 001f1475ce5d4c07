/** Steps whose records come in any order, as those of ranks do that were written one after the other. */
import type { RoutingStep } from "../../core/profile/routingStep.ts";
import { InputError } from "../../errors.ts";
import type { SourceOptions } from "./source.ts";
import { StepCounts } from "./stepCounts.ts";

/** Counts that are kept at a time: 64 MiB. */
const MOST_COUNTS = 1 << 23;

/**
 * Keeps the newest steps open. A step is given away, the lowest first, when there are too many counts to keep, or at the end.
 */
export class StepWindow {
  private readonly options: SourceOptions;
  private readonly remedy: string;
  private readonly mostCounts: number;
  private readonly open = new Map<number, { counts: StepCounts; size: number }>();
  private size = 0;
  private newest = -1;
  private given = -1;

  /** @param remedy what to do about steps that come too late */
  constructor(options: SourceOptions, remedy: string, mostCounts = MOST_COUNTS) {
    this.options = options;
    this.remedy = remedy;
    this.mostCounts = mostCounts;
  }

  /**
   * The counts of a step.
   * @throws InputError when it was given away already
   */
  countsOf(step: number): StepCounts {
    const found = this.open.get(step);
    if (found !== undefined) {
      this.newest = step;
      return found.counts;
    }
    if (step <= this.given) {
      throw new InputError(`step ${step} comes after step ${this.newest}, too late to be sorted in; ${this.remedy}`, {
        file: this.options.file,
      });
    }
    this.newest = step;
    const counts = new StepCounts(this.options);
    this.open.set(step, { counts, size: 0 });
    return counts;
  }

  /** Steps that have to go before a record of this step may come. */
  *before(step: number): Generator<RoutingStep> {
    const last = this.open.get(this.newest);
    if (step === this.newest || last === undefined) return;
    this.size += last.counts.size - last.size;
    last.size = last.counts.size;
    while (this.size > this.mostCounts && this.open.size > 1) yield this.give(Math.min(...this.open.keys()));
  }

  /** All that is left. */
  *rest(): Generator<RoutingStep> {
    for (const step of [...this.open.keys()].sort((a, b) => a - b)) yield this.give(step);
  }

  private give(step: number): RoutingStep {
    const { counts, size } = this.open.get(step) as { counts: StepCounts; size: number };
    this.open.delete(step);
    this.size -= size;
    this.given = step;
    return counts.take(step);
  }
}
