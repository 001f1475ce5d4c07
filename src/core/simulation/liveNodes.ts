/** The nodes that live at the present moment of a run. */
import { type Membership, type MembershipChange, simultaneousChanges } from "./membership.ts";

/** Follows a membership change by change. */
export class LiveNodes {
  readonly #live: Set<number>;
  readonly #changes: Iterator<MembershipChange>;
  #next: MembershipChange | undefined;
  /** Until the next change. */
  #listed: readonly number[] | undefined;

  constructor({ initial, changes }: Membership) {
    this.#live = new Set(initial);
    this.#changes = simultaneousChanges(changes);
    this.#lookAhead();
  }

  get count(): number {
    return this.#live.size;
  }

  /** When the next change comes; Infinity when none does. */
  get nextChangeAt(): number {
    return this.#next?.ticks ?? Number.POSITIVE_INFINITY;
  }

  /** Node ids, ascending. */
  list(): readonly number[] {
    this.#listed ??= [...this.#live].sort((a, b) => a - b);
    return this.#listed;
  }

  /** Makes the next change: nodes that were not there before, spares among them, and nodes that failed or are to leave. */
  change(): Omit<MembershipChange, "ticks"> {
    const { added, takingOver, removed, replacedAt, drained } = this.#next as MembershipChange;
    this.#lookAhead();
    this.#listed = undefined;
    const joined = added.filter((node) => !this.#live.has(node));
    for (const node of joined) this.#live.add(node);
    const leaving = drained.filter((node) => this.#live.has(node));
    for (const node of [...removed, ...drained]) this.#live.delete(node);
    return {
      added: joined,
      takingOver: takingOver.filter((node) => joined.includes(node)),
      removed,
      replacedAt,
      drained: leaving,
    };
  }

  #lookAhead(): void {
    const next = this.#changes.next();
    this.#next = next.done === true ? undefined : next.value;
  }
}
