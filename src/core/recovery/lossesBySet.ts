/** How many experts are lost with one node, with two, and with three. */

/** Experts lost by failed sets of up to three nodes, over all layers. */
export interface Losses {
  /** With this node alone, shape [nodes]. */
  readonly one: Int32Array;
  /** With these two, shape [nodes][nodes], symmetric; the diagonal is `one`. */
  readonly two: Int32Array;
  /** With these two and the worst third, the same shape; absent where it would take long. */
  readonly three?: Int32Array;
  /** Failed sets that lose some expert, by size from 1. */
  readonly fatal: readonly number[];
}

/** Nodes up to which all sets of three are looked at. */
export const MOST_TRIPLED = 160;

/**
 * Counts the experts whose hosts all fail: those with one host, two, or three.
 * @param hostSets distinct hosts of every expert of all layers, ascending, shape [experts][hosts]
 */
export function lossesBySet(hostSets: readonly (readonly number[])[], nodes: number): Losses {
  const one = new Int32Array(nodes);
  const two = new Int32Array(nodes * nodes);
  const triples = new Map<number, number>();
  for (const hosts of hostSets) {
    const [a, b, c] = hosts;
    if (hosts.length === 1) one[a!]!++;
    else if (hosts.length === 2) two[a! * nodes + b!]!++;
    else if (hosts.length === 3) {
      const key = (a! * nodes + b!) * nodes + c!;
      triples.set(key, (triples.get(key) ?? 0) + 1);
    }
  }
  const pairs = two.slice();
  const fatal = [one.filter((count) => count > 0).length, 0];
  for (let a = 0; a < nodes; a++) {
    two[a * nodes + a] = one[a]!;
    for (let b = a + 1; b < nodes; b++) {
      const lost = pairs[a * nodes + b]! + one[a]! + one[b]!;
      if (lost > 0) fatal[1]!++;
      two[a * nodes + b] = lost;
      two[b * nodes + a] = lost;
    }
  }
  if (nodes < 3 || nodes > MOST_TRIPLED) return { one, two, fatal };
  const three = new Int32Array(nodes * nodes);
  let sets = 0;
  const raise = (a: number, b: number, lost: number) => {
    const at = a * nodes + b;
    if (lost <= three[at]!) return;
    three[at] = lost;
    three[b * nodes + a] = lost;
  };
  for (let a = 0; a < nodes; a++) {
    for (let b = a + 1; b < nodes; b++) {
      for (let c = b + 1; c < nodes; c++) {
        const own = triples.get((a * nodes + b) * nodes + c) ?? 0;
        const lost = own + pairs[a * nodes + b]! + pairs[a * nodes + c]! + pairs[b * nodes + c]! + one[a]! + one[b]! + one[c]!;
        if (lost === 0) continue;
        sets++;
        raise(a, b, lost);
        raise(a, c, lost);
        raise(b, c, lost);
      }
    }
  }
  return { one, two, three, fatal: [...fatal, sets] };
}
