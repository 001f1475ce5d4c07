import { decisionOrder } from "./decisionOrder.ts";

/** A set of decided nodes' outcomes that are alike for all nodes still to decide: a node of the diagram. */
interface State {
  /** Parts of host sets that must not fail completely any more: ids of tails, ascending, none containing another. */
  readonly open: readonly number[];
  /** Probability of these outcomes given that j of the decided nodes failed, shape [decided + 1]. */
  readonly weight: Float64Array;
}

/** What is left of host sets when their first members have failed. Ids ascend with the first member. */
interface Tails {
  /** First member of each tail, as a place in the order. */
  readonly first: readonly number[];
  /** The tail less its first member: an id, NOTHING, or GUARDED. */
  readonly rest: readonly number[];
  /** Members of each tail, ascending. */
  readonly members: readonly (readonly number[])[];
  /** The members modulo 32 as bits: a subset's bits are a subset. */
  readonly signature: readonly number[];
  /** Tails that open when the node at a place fails: of the host sets that begin there; the values of `rest`. */
  readonly opening: readonly (readonly number[])[];
}

/** No member is left: the job is dead. */
const NOTHING = -1;
/** What is left contains a whole host set and so needs no watching. */
const GUARDED = -2;
/** Ids are written into the UTF-16 units of a string. */
const MOST_TAILS = 65_536;

/** Members of tails that are written down in the time of an elementary step. */
const MEMBERS_A_STEP = 4;

/**
 * Survival by a decision diagram, level by level: the nodes are decided one after the other, failed or live, and outcomes
 * that leave the same demands on the rest are merged. Exact for any number of nodes as long as few states exist at a time.
 *
 * @param sets minimal host sets, none of them empty, over nodes 0..nodes-1
 * @param effort most elementary steps to spend, some 1e7 a second
 * @returns probability to survive k failed nodes drawn uniformly, shape [nodes + 1]; undefined when the effort does not do
 */
export function diagramSurvival(sets: readonly (readonly number[])[], nodes: number, effort: number): Float64Array | undefined {
  // Every tail is written down and looked up by its members.
  if (sets.reduce((sum, set) => sum + set.length ** 2, 0) > MEMBERS_A_STEP * effort) return undefined;
  const place = decisionOrder(sets, nodes);
  const tails = tailsOf(
    sets.map((set) => set.map((node) => place[node]!).sort((a, b) => a - b)),
    nodes,
  );
  if (tails === undefined) return undefined;
  let spent = 0;
  let states: Iterable<State> = [{ open: [], weight: Float64Array.of(1) }];
  for (let node = 0; node < nodes; node++) {
    const next = new Map<string, State>();
    for (const { open, weight } of states) {
      const affected = countWhile(open, (tail) => tails.first[tail] === node);
      const opened = affected + tails.opening[node]!.length;
      spent += open.length * (1 + opened) + node / 8;
      if (spent > effort) return undefined;
      addState(next, open.slice(affected), weight, 0);
      const afterwards = afterFailure(open, affected, node, tails);
      if (afterwards !== undefined) addState(next, afterwards, weight, 1);
    }
    states = next.values();
  }
  const [survived] = states;
  return survived!.weight;
}

/** Adds outcomes in which one more node fails (1) or lives (0) to the state that is left open. */
function addState(states: Map<string, State>, open: readonly number[], weight: Float64Array, failed: 0 | 1): void {
  const decided = weight.length;
  const key = String.fromCharCode(...open);
  let state = states.get(key);
  if (state === undefined) {
    state = { open, weight: new Float64Array(decided + 1) };
    states.set(key, state);
  }
  // When j of the nodes decided so far fail, this one is among them with probability j / decided.
  for (let j = 0; j < decided; j++) state.weight[j + failed]! += weight[j]! * ((failed === 1 ? j + 1 : decided - j) / decided);
}

/** Open tails after the failure of a node at which the first `affected` of them begin; undefined when the job dies. */
function afterFailure(open: readonly number[], affected: number, node: number, tails: Tails): readonly number[] | undefined {
  const fresh = new Set<number>(tails.opening[node]!);
  for (let i = 0; i < affected; i++) fresh.add(tails.rest[open[i]!]!);
  if (fresh.has(NOTHING)) return undefined;
  fresh.delete(GUARDED);
  let kept = open.slice(affected);
  for (const tail of fresh) {
    if (kept.some((other) => contains(tails, tail, other))) continue;
    kept = kept.filter((other) => !contains(tails, other, tail));
    kept.push(tail);
  }
  return kept.sort((a, b) => a - b);
}

/** All tails of host sets, whose members are given as ascending places; undefined when they are too many. */
function tailsOf(sets: readonly (readonly number[])[], nodes: number): Tails | undefined {
  const distinct = new Map<string, readonly number[]>();
  for (const set of sets) for (let from = 1; from < set.length; from++) distinct.set(set.slice(from).join(), set.slice(from));
  if (distinct.size > MOST_TAILS) return undefined;
  const members = [...distinct.values()].sort((a, b) => a[0]! - b[0]!);
  const ids = new Map(members.map((tail, id) => [tail.join(), id]));
  const beginningAt: (readonly number[])[][] = Array.from({ length: nodes }, () => []);
  for (const set of sets) beginningAt[set[0]!]!.push(set);
  const guarded = members.map((tail) => tail.some((node) => beginningAt[node]!.some((set) => isSubset(set, tail))));
  const lessFirst = (set: readonly number[]): number => {
    if (set.length === 1) return NOTHING;
    const id = ids.get(set.slice(1).join())!;
    return guarded[id] ? GUARDED : id;
  };
  return {
    first: members.map((tail) => tail[0]!),
    rest: members.map(lessFirst),
    members,
    signature: members.map((tail) => tail.reduce((bits, node) => bits | (1 << (node & 31)), 0)),
    opening: beginningAt.map((beginning) => beginning.map(lessFirst)),
  };
}

function contains({ members, signature }: Tails, large: number, small: number): boolean {
  return (signature[small]! & ~signature[large]!) === 0 && isSubset(members[small]!, members[large]!);
}

/** Whether every element of one ascending list is in the other. */
function isSubset(small: readonly number[], large: readonly number[]): boolean {
  if (small.length > large.length) return false;
  let at = 0;
  for (const element of small) {
    while (at < large.length && large[at]! < element) at++;
    if (large[at] !== element) return false;
    at++;
  }
  return true;
}

function countWhile(list: readonly number[], holds: (item: number) => boolean): number {
  const end = list.findIndex((item) => !holds(item));
  return end < 0 ? list.length : end;
}
