/** Chance moves of the search that respect slots and the minimum of hosts. */
import type { RandomSource } from "../../../algorithms/random.ts";
import type { Design, HostMove } from "../design/design.ts";
import { countMembers, memberAt } from "../design/subsets.ts";

/** Cumulative shares of the kinds of moves. */
const REPLACE = 0.1;
const ADD = 0.2;
const REMOVE = 0.25;
const ADOPT = 0.35;
const EXCHANGE = 0.75;

/**
 * Draws a move: a host replaced, added or removed, the hosts of another position taken over, or a host exchanged with or given to
 * another position. Undefined when the positions and nodes drawn allow none.
 */
export function drawMove({ hosts, free }: Design, minHosts: number, random: RandomSource): HostMove | undefined {
  const first = random.below(hosts.length);
  const own = hosts[first]!;
  const kind = random.uniform();
  if (kind < ADD) {
    const vacant = nodesWithRoom(free) & ~own;
    if (vacant === 0) return undefined;
    const left = kind < REPLACE ? drawMember(own, random) : 0;
    return moveOne(first, own, (own & ~left) | drawMember(vacant, random));
  }
  if (kind < REMOVE) return countMembers(own) <= minHosts ? undefined : moveOne(first, own, own & ~drawMember(own, random));
  const second = random.below(hosts.length);
  const other = hosts[second]!;
  if (kind < ADOPT) {
    const entered = other & ~own;
    return other === own || (entered & ~nodesWithRoom(free)) !== 0 ? undefined : moveOne(first, own, other);
  }
  if ((own & ~other) === 0) return undefined;
  const given = drawMember(own & ~other, random);
  if (kind < EXCHANGE) {
    if ((other & ~own) === 0) return undefined;
    const taken = drawMember(other & ~own, random);
    return moveTwo(first, own, (own & ~given) | taken, second, other, (other & ~taken) | given);
  }
  return countMembers(own) <= minHosts ? undefined : moveTwo(first, own, own & ~given, second, other, other | given);
}

function moveOne(first: number, firstFrom: number, firstTo: number): HostMove {
  return { first, firstFrom, firstTo, second: -1, secondFrom: 0, secondTo: 0 };
}

function moveTwo(
  first: number,
  firstFrom: number,
  firstTo: number,
  second: number,
  secondFrom: number,
  secondTo: number,
): HostMove {
  return { first, firstFrom, firstTo, second, secondFrom, secondTo };
}

/** One member of a set, as a set. */
function drawMember(set: number, random: RandomSource): number {
  return 1 << memberAt(set, random.below(countMembers(set)));
}

function nodesWithRoom(free: Int32Array): number {
  let nodes = 0;
  for (let node = 0; node < free.length; node++) if (free[node]! > 0) nodes |= 1 << node;
  return nodes;
}
