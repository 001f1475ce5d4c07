/** Experts that lost hosts get others, all experts with the same hosts together: only when none of them is left on a set is the set gone. */
import { FREE_SLOT } from "../../layout/placement.ts";
import { type Arrival, type HostProblem, Marks, type Member, type Search, Trial } from "./trial.ts";

/** Parts of the loss that moving all replicas has to gain in proportion, and that any change has to. */
const GAIN_OF_ALL = 0.1;
const LEAST_GAIN = 1e-6;
/** Slots looked at before no more is tried: some tenths of a second. */
const MOST_VISITS = 3e6;
/** Part of a set's weight at which the harm done for it ends a trial. */
const NOT_WORTH = 0.95;
/** Part of the experts of a set that need not go to one node with the others. */
const FEW = 0.1;
/** Nodes over which experts of one set are spread at most. */
const MOST_SPREAD = 12;

/**
 * Gives hosts to the experts of the smallest sets as long as less is lost so. All experts of a set go to one node, where what was there
 * makes room; or each to a node that can spare a slot. Greedy.
 * @returns what arrived, in order
 */
export function addHosts(problem: HostProblem): Arrival[] {
  const { sets, layers } = problem;
  const arrivals: Arrival[] = [];
  const search: Search = { ...problem, marks: new Marks(layers), visits: { left: MOST_VISITS }, rid: -1 };
  const stuck = new Set<number>();
  while (search.visits.left > 0) {
    problem.watch?.();
    if (sets.lost <= problem.enough && !hasRoom(problem)) break;
    const set = sets.minimal().find((minimal) => !stuck.has(minimal));
    if (set === undefined) break;
    const found = bestArrivals(search, set, problem.budget - arrivals.length);
    if (found === undefined) {
      stuck.add(set);
      continue;
    }
    for (const { layer, expert, slot } of found) layers[layer]!.replace(slot, expert);
    arrivals.push(...found);
  }
  return arrivals;
}

/** The arrivals that rid the layers of a set at most gain; undefined when nothing is gained. */
function bestArrivals(search: Search, set: number, most: number): Arrival[] | undefined {
  const { sets, unitOfNode } = search;
  search.rid = set;
  const before = sets.lost;
  const worth = (GAIN_OF_ALL * before) / (search.layers.length * search.slots.rankOfSlot.length);
  const members = membersOf(search, [set]);
  // Experts that more nodes hold are in danger next, when the set is gone.
  const others = sets.dependants(set).flatMap((ward) => {
    const experts = membersOf(search, [ward]);
    return sets.weight(ward) > worth * experts.length ? experts : [];
  });
  let best: { arrivals: Arrival[]; gain: number } | undefined;
  const consider = (trial: Trial) => {
    const gain = before - sets.lost - worth * trial.arrivals.length;
    trial.undo();
    if (trial.arrivals.length > most) return;
    if (gain > Math.max(LEAST_GAIN * before, best?.gain ?? 0)) best = { arrivals: trial.arrivals, gain };
  };
  const nodes = [...unitOfNode.keys()].filter((node) => !sets.has(set, unitOfNode[node]!));
  if (nodes.length === 0) return undefined;
  const isFree = before <= search.enough;
  if (search.mayLeave === undefined || isFree) {
    const ceiling = Math.min(before + NOT_WORTH * sets.weight(set), search.ceiling ?? Infinity);
    for (const node of nodes) {
      const trial = new Trial(search);
      let rest = trial.place(members, node, { ceiling, isFree });
      // What a node has second copies of already takes up its slots: a few may go elsewhere.
      if (rest.length <= FEW * members.length) {
        for (const other of nodes) {
          if (rest.length === 0) break;
          if (other !== node) rest = trial.place(rest, other, { harmless: true, isFree });
        }
      }
      if (rest.length === 0) {
        trial.place(others, node, { isFree });
        if (sets.lost <= ceiling) consider(trial);
        else trial.undo();
      } else trial.undo();
    }
  }
  // Spreading takes slots that evenness needs, so only the smallest sets are worth it.
  if (isFree || sets.members(set).length > sets.members(sets.minimal()[0]!).length) return best?.arrivals;
  const spread = spreadOut(search, members, nodes);
  if (spread !== undefined) consider(spread);
  return best?.arrivals;
}

/** Experts with one of these sets. */
function membersOf({ layers }: HostProblem, wanted: readonly number[]): Member[] {
  return layers.flatMap(({ setOf }, layer) => {
    const found: Member[] = [];
    for (let expert = 0; expert < setOf.length; expert++) {
      if (wanted.includes(setOf[expert]!)) found.push({ layer, expert });
    }
    return found;
  });
}

/** Places all experts of a set where nothing else is worse off, on few nodes; undefined when there is no room. */
function spreadOut(search: Search, members: readonly Member[], nodes: readonly number[]): Trial | undefined {
  const spread = new Trial(search);
  let rest = members;
  const count = (node: number) => {
    const trial = new Trial(search, spread);
    const placed = rest.length - trial.place(rest, node, { harmless: true }).length;
    trial.undo();
    return placed;
  };
  // What a node can take only becomes less, so that counts are bounds until they are counted anew.
  const most = new Map(nodes.map((node) => [node, count(node)]));
  for (let turn = 0; rest.length > 0 && most.size > 0 && turn < MOST_SPREAD; turn++) {
    const [node] = [...most].reduce((one, other) => (other[1] > one[1] ? other : one));
    const placed = count(node);
    const isStill = [...most].every(([other, bound]) => other === node || bound <= placed);
    most.set(node, placed);
    if (!isStill) {
      turn--;
      continue;
    }
    if (placed === 0) break;
    rest = spread.place(rest, node, { harmless: true });
    most.set(node, 0);
  }
  if (rest.length === 0) return spread;
  spread.undo();
  return undefined;
}

function hasRoom({ layers }: HostProblem): boolean {
  return layers.some(({ table }) => table.expertAt.includes(FREE_SLOT));
}
