/** The host sets in use over all layers, and how likely it is to lose one of them. */

const NONE = -1;

/**
 * Sets of failure units by number, and how often each is in use.
 *
 * The loss is that of Boole's inequality over the inclusion-minimal sets in use, `sum over S of p^|S|`: what a search can keep up to date
 * on hundreds of nodes. Where losses are small, as they are wherever it matters, it is nearly exact.
 */
export class HostSetTable {
  readonly #probability: number;
  /** Words of a set as bits. */
  readonly words: number;
  /** Units of each set, ascending; and as bits, shape [sets][words]. */
  readonly #members: number[][] = [];
  readonly #bits: Int32Array[] = [];
  readonly #idOf = new Map<string, number>();
  readonly #next = new Map<number, number>();
  readonly #units: number;
  /** Experts with each set. */
  readonly #uses: number[] = [];
  /** Of each set in use: a smaller one in use inside it, -1 for minimal sets; and the sets that name it so. */
  readonly #witness: number[] = [];
  readonly #wards: Set<number>[] = [];
  /** Minimal sets in use, by their first unit. */
  readonly #byFirst: number[][];
  /** Sum over the minimal sets in use. */
  lost = 0;
  /** Whether sets are covered, by set, as long as the minimal sets stay the same; when that was looked up, shape [sets]. */
  readonly #covered: boolean[] = [];
  readonly #coveredAt: number[] = [];
  #changes = 0;

  /** @param probability that a unit fails */
  constructor(units: number, probability: number) {
    this.#units = units;
    this.#probability = probability;
    this.words = Math.ceil(units / 32);
    this.#byFirst = Array.from({ length: units }, () => []);
  }

  /** Number of a set of units. */
  id(units: readonly number[]): number {
    return this.#idOfSorted([...units].sort((a, b) => a - b));
  }

  #idOfSorted(members: number[]): number {
    const key = members.join();
    const known = this.#idOf.get(key);
    if (known !== undefined) return known;
    const bits = new Int32Array(this.words);
    for (const unit of members) bits[unit >> 5]! |= 1 << (unit & 31);
    this.#idOf.set(key, this.#members.length);
    this.#bits.push(bits);
    this.#uses.push(0);
    this.#witness.push(NONE);
    this.#wards.push(new Set());
    this.#covered.push(false);
    this.#coveredAt.push(NONE);
    return this.#members.push(members) - 1;
  }

  members(set: number): readonly number[] {
    return this.#members[set]!;
  }

  /** The set with a unit more, or without it where it is in the set. */
  toggled(set: number, unit: number): number {
    const key = set * this.#units + unit;
    const known = this.#next.get(key);
    if (known !== undefined) return known;
    const members = this.#members[set]!;
    const at = members.findIndex((member) => member >= unit);
    const place = at < 0 ? members.length : at;
    const found = this.#idOfSorted(members[place] === unit ? members.toSpliced(place, 1) : members.toSpliced(place, 0, unit));
    this.#next.set(key, found);
    return found;
  }

  has(set: number, unit: number): boolean {
    return ((this.#bits[set]![unit >> 5]! >>> (unit & 31)) & 1) === 1;
  }

  /** Loss that a set alone stands for. */
  weight(set: number): number {
    return this.#probability ** this.#members[set]!.length;
  }

  /** Whether a set in use lies inside this one, or is it: then losing this one loses the job anyway. */
  covers(set: number): boolean {
    if (this.#coveredAt[set] !== this.#changes) {
      this.#covered[set] = this.#uses[set]! > 0 || this.#minimalInside(set) !== NONE;
      this.#coveredAt[set] = this.#changes;
    }
    return this.#covered[set]!;
  }

  /** A test whether one of the sets that are minimal now lies inside units, given as bits, shape [words]. */
  coverTest(): (units: Int32Array) => boolean {
    const { words } = this;
    const sets = Int32Array.from(this.minimal().flatMap((set) => [...this.#bits[set]!]));
    return (units) => {
      for (let first = 0; first < sets.length; first += words) {
        let word = 0;
        while (word < words && (sets[first + word]! & ~units[word]!) === 0) word++;
        if (word === words) return true;
      }
      return false;
    };
  }

  /** Minimal sets in use, smallest first, those of fewest experts first. */
  minimal(): number[] {
    const sets = this.#byFirst.flat();
    const nothing = this.#idOf.get("");
    if (nothing !== undefined && this.#uses[nothing]! > 0) sets.push(nothing);
    return sets.sort((a, b) => this.#members[a]!.length - this.#members[b]!.length || this.#uses[a]! - this.#uses[b]! || a - b);
  }

  /** Sets in use that are covered by this one alone, small ones first. */
  dependants(set: number): number[] {
    const wards = [...this.#wards[set]!].filter((ward) => this.#minimalInside(ward, set) === NONE);
    return wards.sort((a, b) => this.#members[a]!.length - this.#members[b]!.length || a - b);
  }

  /** An expert takes a set. */
  use(set: number): void {
    if (this.#uses[set]!++ === 0) this.#settle(set);
  }

  /** An expert leaves a set. */
  leave(set: number): void {
    if (--this.#uses[set]! > 0) return;
    const witness = this.#witness[set]!;
    if (witness === NONE) this.#setMinimal(set, false);
    else this.#wards[witness]!.delete(set);
    const wards = [...this.#wards[set]!].sort((a, b) => this.#members[a]!.length - this.#members[b]!.length);
    this.#wards[set]!.clear();
    for (const ward of wards) this.#settle(ward);
  }

  /** Finds a set inside one in use, or makes it minimal, so that others are no longer. */
  #settle(set: number): void {
    const inside = this.#minimalInside(set);
    this.#witness[set] = inside;
    if (inside !== NONE) {
      this.#wards[inside]!.add(set);
      return;
    }
    const first = this.#members[set]![0];
    if (first !== undefined) {
      // What has it inside begins no later.
      for (let unit = 0; unit <= first; unit++) {
        const sets = this.#byFirst[unit]!;
        for (let at = sets.length - 1; at >= 0; at--) {
          const other = sets[at]!;
          if (!this.#isInside(set, other)) continue;
          this.#setMinimal(other, false);
          this.#witness[other] = set;
          this.#wards[set]!.add(other);
        }
      }
    }
    this.#setMinimal(set, true);
  }

  #setMinimal(set: number, isMinimal: boolean): void {
    this.#changes++;
    const first = this.#members[set]![0];
    if (isMinimal) this.lost += this.weight(set);
    else this.lost -= this.weight(set);
    // The empty set counts by itself.
    if (first === undefined) return;
    const sets = this.#byFirst[first]!;
    if (isMinimal) sets.push(set);
    else {
      sets[sets.indexOf(set)] = sets.at(-1)!;
      sets.pop();
    }
  }

  /** A minimal set in use inside a set, other than itself and another. */
  #minimalInside(set: number, but = NONE): number {
    const members = this.#members[set]!;
    for (let i = 0; i < members.length; i++) {
      const sets = this.#byFirst[members[i]!]!;
      for (let at = 0; at < sets.length; at++) if (sets[at] !== but && this.#isInside(sets[at]!, set)) return sets[at]!;
    }
    return NONE;
  }

  /** Whether a set lies inside another, different one. */
  #isInside(inner: number, outer: number): boolean {
    if (inner === outer) return false;
    const [a, b] = [this.#bits[inner]!, this.#bits[outer]!];
    for (let word = 0; word < a.length; word++) if ((a[word]! & ~b[word]!) !== 0) return false;
    return true;
  }
}
