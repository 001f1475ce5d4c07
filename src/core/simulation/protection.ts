/** What a run's checkpoints hold at every moment: the last in the store, one on its way there, and those in peers' memory. */
import type { StepParts } from "../cost/stepCost.ts";
import type { TrainingSpec } from "../cost/trainingSpec.ts";
import { type CheckpointMethod, MEMORY_COPIES, type MemoryCosts, memoryCosts, storeCosts } from "./checkpointing.ts";
import { toTicks } from "./membership.ts";
import type { Mark } from "./runRecord.ts";

const NOTHING: Mark = { step: 0, samples: 0, usefulTicks: 0 };

/** Where a restart finds the job's state. */
export interface SavedState {
  readonly mark: Mark;
  /** In peers' memory, with its costs; otherwise in the store. */
  readonly memory?: MemoryCosts | undefined;
}

/** Keeps a run's checkpoints. */
export class Protection {
  readonly #job: TrainingSpec;
  readonly #method: CheckpointMethod;
  #stored = NOTHING;
  #onItsWay: { readonly mark: Mark; readonly at: number } | undefined;
  /** In memory: where training began or went on, and the last complete checkpoint since. */
  #memory: { readonly mark: Mark; readonly nodes: readonly number[]; readonly costs: MemoryCosts } | undefined;
  /** Where the last window of steps began, for checkpoints that are put together. */
  #begun: Mark | undefined;
  readonly #lost = new Set<number>();

  constructor(job: TrainingSpec, method: CheckpointMethod) {
    this.#job = job;
    this.#method = method;
  }

  /** Step of the last checkpoint in the store or on its way there. */
  get savedStep(): number {
    return (this.#onItsWay?.mark ?? this.#stored).step;
  }

  /** When the checkpoint on its way arrives; the next one waits for it. */
  get arrivesAt(): number {
    return this.#onItsWay?.at ?? 0;
  }

  /**
   * Ticks that a checkpoint to the store stops the job.
   * @param waits whether the job waits until it is in the store
   */
  pauseTicks(nodes: number, waits: boolean): number {
    const { pauseSeconds, backgroundSeconds } = storeCosts(this.#job, this.#method, nodes);
    return toTicks(pauseSeconds + (waits ? backgroundSeconds : 0));
  }

  /** Costs of the checkpoints in memory, where there are any. */
  memoryCosts(nodes: number, parts: StepParts): MemoryCosts | undefined {
    return memoryCosts(this.#job, this.#method, nodes, parts);
  }

  /**
   * A checkpoint's pause is over.
   * @param nodes nodes that write what is left in the background; nothing where the job has waited for it
   */
  save(mark: Mark, now: number, nodes: number | undefined): void {
    const background = nodes === undefined ? 0 : toTicks(storeCosts(this.#job, this.#method, nodes).backgroundSeconds);
    this.#onItsWay = background === 0 ? undefined : { mark, at: now + background };
    if (background === 0) this.#stored = mark;
  }

  /** What is on its way has arrived by now, or not yet. */
  settle(now: number): void {
    if (this.#onItsWay === undefined || this.#onItsWay.at > now) return;
    this.#stored = this.#onItsWay.mark;
    this.#onItsWay = undefined;
  }

  /** Training begins or goes on: all nodes have the state. */
  trainsOn(nodes: readonly number[], mark: Mark, costs: MemoryCosts | undefined): void {
    this.#lost.clear();
    this.#begun = undefined;
    this.#memory = costs && { nodes, mark, costs };
  }

  /**
   * Steps were finished.
   * @param markBefore what a checkpoint so many of these steps ago keeps
   */
  finished(step: number, steps: number, markBefore: (stepsAgo: number) => Mark): void {
    if (this.#memory === undefined) return;
    const { everySteps, behind } = this.#memory.costs;
    const last = Math.floor(step / everySteps) * everySteps;
    if (last <= step - steps) return;
    // Parts that lie up to a window apart make a complete checkpoint with the end of the next window.
    const complete = last - behind * everySteps;
    if (complete > step - steps) this.#memory = { ...this.#memory, mark: markBefore(step - complete) };
    else if (complete === this.#begun?.step) this.#memory = { ...this.#memory, mark: this.#begun };
    this.#begun = markBefore(step - last);
  }

  /** Nodes fail: what was on its way to the store will not arrive. */
  lose(nodes: readonly number[], now: number): void {
    this.settle(now);
    this.#onItsWay = undefined;
    for (const node of nodes) this.#lost.add(node);
  }

  /** The best state that is left. */
  lastState(): SavedState {
    const memory = this.#memory;
    if (memory === undefined || memory.mark.step < this.#stored.step) return { mark: this.#stored };
    for (let first = 0; first < memory.nodes.length; first += MEMORY_COPIES) {
      // The last nodes' copies lie with the first ones where their number is odd.
      const group = Array.from({ length: MEMORY_COPIES }, (_, i) => memory.nodes[(first + i) % memory.nodes.length]!);
      if (group.every((node) => this.#lost.has(node))) return { mark: this.#stored };
    }
    return { mark: memory.mark, memory: memory.costs };
  }
}
