/** Which failures the host sets in use do not survive, kept up to date as sets come and go. */
import { countMembers } from "./subsets.ts";

/**
 * Probability that a job is lost when every failure unit (a node, or a domain that fails as one) fails independently.
 *
 * A failed set F loses the job when some host set lies inside F. For every F the table counts the distinct host sets inside
 * it, so that a set that comes or goes touches the supersets of that set only, and a set that is already there nothing.
 */
export class SurvivalTable {
  /** Probability that the job is lost; rounded so that it does not depend on the order of changes. */
  lost = 0;
  /** Failure units that a set of nodes touches, shape [2^nodes]. */
  readonly #unitsOfNodes: Int32Array;
  /** Experts hosted on exactly these units, shape [2^units]. */
  readonly #experts: Int32Array;
  /** Distinct host sets inside a failed set of units, shape [2^units]. */
  readonly #inside: Int32Array;
  /** Probability that exactly these units fail, shape [2^units]. */
  readonly #weight: Float64Array;

  /**
   * @param unitOfNode failure unit of each node, 0..units-1, shape [nodes]
   * @param probabilities that each unit fails, above 0 and below 1, shape [units]
   * @param minHosts nodes that every host set has at least
   */
  constructor(unitOfNode: readonly number[], probabilities: readonly number[], minHosts: number) {
    const units = probabilities.length;
    this.#unitsOfNodes = new Int32Array(1 << unitOfNode.length);
    for (let mask = 1; mask < this.#unitsOfNodes.length; mask++) {
      const node = 31 - Math.clz32(mask & -mask);
      this.#unitsOfNodes[mask] = this.#unitsOfNodes[mask & (mask - 1)]! | (1 << unitOfNode[node]!);
    }
    this.#experts = new Int32Array(1 << units);
    this.#inside = new Int32Array(1 << units);
    this.#weight = failureWeights(probabilities, units === unitOfNode.length ? minHosts : 1);
  }

  /** An expert takes these hosts. */
  add(hosts: number): void {
    const set = this.#unitsOfNodes[hosts]!;
    const experts = this.#experts[set]!;
    this.#experts[set] = experts + 1;
    if (experts > 0) return;
    const inside = this.#inside;
    const others = (inside.length - 1) & ~set;
    for (let more = others; ; more = (more - 1) & others) {
      const failed = set | more;
      const count = inside[failed]!;
      if (count === 0) this.lost += this.#weight[failed]!;
      inside[failed] = count + 1;
      if (more === 0) return;
    }
  }

  /** An expert leaves these hosts. */
  remove(hosts: number): void {
    const set = this.#unitsOfNodes[hosts]!;
    const experts = this.#experts[set]! - 1;
    this.#experts[set] = experts;
    if (experts > 0) return;
    const inside = this.#inside;
    const others = (inside.length - 1) & ~set;
    for (let more = others; ; more = (more - 1) & others) {
      const failed = set | more;
      const count = inside[failed]! - 1;
      if (count === 0) this.lost -= this.#weight[failed]!;
      inside[failed] = count;
      if (more === 0) return;
    }
  }
}

/**
 * Probability that exactly the units of a set fail, in multiples of a step so coarse that every sum of them is exact, and so fine
 * that all of them together stay just below 2^53 steps. Sets too small to lose the job do not count.
 */
function failureWeights(probabilities: readonly number[], smallest: number): Float64Array {
  const weight = new Float64Array(1 << probabilities.length);
  let total = 0;
  for (let failed = 1; failed < weight.length; failed++) {
    if (countMembers(failed) < smallest) continue;
    weight[failed] = probabilities.reduce((product, p, unit) => product * ((failed >>> unit) & 1 ? p : 1 - p), 1);
    total += weight[failed]!;
  }
  const step = 2 ** (Math.ceil(Math.log2(total)) - 52);
  return weight.map((exact) => Math.round(exact / step) * step);
}
