/** Who sends a replica that has to move: the busiest sender decides how long a reconfiguration takes. */

/** Replicas that have to reach nodes, and who could send them. */
export interface SourceProblem {
  /** Replica that each transfer carries: an index into `owners`, shape [transfers]. */
  readonly replica: Int32Array;
  /** Node that each transfer goes to, shape [transfers]. */
  readonly to: Int32Array;
  /** Live nodes that hold each replica, shape [replicas][owners]; none empty. */
  readonly owners: readonly (readonly number[])[];
  /** Failure domain of each node, shape [nodes]; owners in the receiver's domain are preferred. */
  readonly domain: readonly (string | undefined)[];
}

/** Senders of all transfers. */
export interface Sources {
  /** Node that sends each transfer, shape [transfers]. */
  readonly from: Int32Array;
  /** The most transfers that one node has to send or receive, whoever sends: no schedule takes fewer rounds. */
  readonly lowerBound: number;
}

/**
 * Chooses senders so that the most that any node sends or receives is as little as possible, and prefers senders in the
 * receiver's domain where that costs nothing (greedily: their number is not proven largest).
 *
 * A node may send `limit` transfers, at first as many as the busiest receiver takes. When all owners of a replica are
 * at the limit, transfers are passed on along a path of owners to one that is not. Where no path leads to such a node, the
 * owners reached are the only ones for more transfers than they may send, which proves the limit too low, and by how much.
 */
export function chooseSources({ replica, to, owners, domain }: SourceProblem): Sources {
  const ownersOf = (transfer: number) => owners[replica[transfer]!]!;
  const senders = new Senders(domain.length, to.length, ownersOf, busiestReceiver(to, domain.length));
  for (let transfer = 0; transfer < to.length; transfer++) {
    const wanted = domain[to[transfer]!];
    if (wanted !== undefined) senders.offer(transfer, (node) => domain[node] === wanted);
  }
  const waiting = [...senders.from.keys()].filter((transfer) => senders.from[transfer] === NOBODY);
  for (const transfer of waiting.sort((a, b) => ownersOf(a).length - ownersOf(b).length || a - b)) {
    while (!senders.offer(transfer)) senders.makeRoom(ownersOf(transfer));
  }
  return { from: senders.from, lowerBound: senders.limit };
}

const NOBODY = -1;

function busiestReceiver(to: Int32Array, nodes: number): number {
  const received = new Int32Array(nodes);
  for (const node of to) received[node]!++;
  return received.reduce((most, count) => Math.max(most, count), 0);
}

/** Nodes reached from some owners by passing transfers on, each with the transfer that would go to it and who gives it up. */
interface Reach {
  readonly reached: Uint8Array;
  readonly passed: Int32Array;
  readonly passedBy: Int32Array;
}

/** Who sends what, within a limit for every node. */
class Senders {
  /** Node that sends each transfer, -1 while nobody does; shape [transfers]. */
  readonly from: Int32Array;
  readonly #sent: number[][];
  readonly #ownersOf: (transfer: number) => readonly number[];
  /** Most transfers that a node may send. */
  limit: number;

  constructor(nodes: number, transfers: number, ownersOf: (transfer: number) => readonly number[], limit: number) {
    this.from = new Int32Array(transfers).fill(NOBODY);
    this.#sent = Array.from({ length: nodes }, () => []);
    this.#ownersOf = ownersOf;
    this.limit = limit;
  }

  /** Gives a transfer to the owner below the limit that sends least, if there is one among those that may. */
  offer(transfer: number, may: (node: number) => boolean = () => true): boolean {
    let best = NOBODY;
    for (const node of this.#ownersOf(transfer)) {
      if (may(node) && this.#hasRoom(node) && (best === NOBODY || this.#load(node) < this.#load(best))) best = node;
    }
    if (best === NOBODY) return false;
    this.#assign(transfer, best);
    return true;
  }

  /** Passes transfers on so that one of the owners gets below the limit, or raises the limit when they cannot be. */
  makeRoom(owners: readonly number[]): void {
    const reach = this.#reachFrom(owners);
    if (reach.end !== NOBODY) this.#passOn(reach, reach.end);
    else this.limit = Math.ceil(this.#confinedTo(reach.reached) / reach.reached.reduce((sum, flag) => sum + flag, 0));
  }

  /** Follows owners of transfers that reached nodes send, breadth first, up to an end below the limit; -1 when there is none. */
  #reachFrom(starts: readonly number[]): Reach & { readonly end: number } {
    const nodes = this.#sent.length;
    const reached = new Uint8Array(nodes);
    const passed = new Int32Array(nodes).fill(NOBODY);
    const passedBy = new Int32Array(nodes).fill(NOBODY);
    const queue = [...starts];
    for (const node of starts) reached[node] = 1;
    for (const giver of queue) {
      for (const { transfer, taker } of this.#takers(giver)) {
        if (reached[taker]) continue;
        reached[taker] = 1;
        passed[taker] = transfer;
        passedBy[taker] = giver;
        if (this.#hasRoom(taker)) return { reached, passed, passedBy, end: taker };
        queue.push(taker);
      }
    }
    return { reached, passed, passedBy, end: NOBODY };
  }

  /** What a node sends, with everybody who could send it instead. */
  *#takers(giver: number): Generator<{ readonly transfer: number; readonly taker: number }> {
    for (const transfer of this.#sent[giver]!) for (const taker of this.#ownersOf(transfer)) yield { transfer, taker };
  }

  /** Moves a transfer along every step of the path that ends at a node. */
  #passOn({ passed, passedBy }: Reach, end: number): void {
    for (let node = end; passedBy[node] !== NOBODY; node = passedBy[node]!) {
      const list = this.#sent[passedBy[node]!]!;
      list.splice(list.indexOf(passed[node]!), 1);
      this.#assign(passed[node]!, node);
    }
  }

  /** Transfers that only the reached nodes can send. */
  #confinedTo(reached: Uint8Array): number {
    const transfers = Array.from(this.from.keys());
    return transfers.filter((transfer) => this.#ownersOf(transfer).every((node) => reached[node])).length;
  }

  #load(node: number): number {
    return this.#sent[node]!.length;
  }

  #hasRoom(node: number): boolean {
    return this.#load(node) < this.limit;
  }

  #assign(transfer: number, node: number): void {
    this.from[transfer] = node;
    this.#sent[node]!.push(transfer);
  }
}
