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
export function chooseSources(problem: SourceProblem): Sources {
  const { replica, to, owners, domain } = problem;
  const nodes = domain.length;
  const received = new Int32Array(nodes);
  for (const node of to) received[node]!++;
  let limit = received.reduce((max, count) => Math.max(max, count), 0);

  const from = new Int32Array(to.length).fill(-1);
  const sent: number[][] = Array.from({ length: nodes }, () => []);
  const ownersOf = (transfer: number) => owners[replica[transfer]!]!;
  const load = (node: number) => sent[node]!.length;
  const assign = (transfer: number, node: number) => {
    from[transfer] = node;
    sent[node]!.push(transfer);
  };
  /** The owner below the limit that sends least, -1 when there is none; of one domain only, if asked. */
  const leastLoaded = (transfer: number, inDomain?: string) => {
    let best = -1;
    for (const node of ownersOf(transfer)) {
      if (inDomain !== undefined && domain[node] !== inDomain) continue;
      if (load(node) < limit && (best < 0 || load(node) < load(best))) best = node;
    }
    return best;
  };

  for (let transfer = 0; transfer < to.length; transfer++) {
    const receiverDomain = domain[to[transfer]!];
    const node = receiverDomain === undefined ? -1 : leastLoaded(transfer, receiverDomain);
    if (node >= 0) assign(transfer, node);
  }
  const waiting = [...from.keys()].filter((transfer) => from[transfer] === -1);
  for (const transfer of waiting.sort((a, b) => ownersOf(a).length - ownersOf(b).length || a - b)) {
    for (;;) {
      const node = leastLoaded(transfer);
      if (node >= 0) {
        assign(transfer, node);
        break;
      }
      const reached = makeRoom(ownersOf(transfer));
      if (reached) limit = Math.ceil(confinedTo(reached) / reached.reduce((sum, flag) => sum + flag, 0));
    }
  }
  return { from, lowerBound: limit };

  /** Passes transfers on so that one of the nodes gets below the limit, or returns the nodes reached when none can. */
  function makeRoom(starts: readonly number[]): Uint8Array | undefined {
    const reached = new Uint8Array(nodes);
    const queue = [...starts];
    for (const node of starts) reached[node] = 1;
    /** Transfer that would go from `passedBy` to the node. */
    const passed = new Int32Array(nodes).fill(-1);
    const passedBy = new Int32Array(nodes).fill(-1);
    for (const giver of queue) {
      for (const transfer of sent[giver]!) {
        for (const taker of ownersOf(transfer)) {
          if (reached[taker]) continue;
          reached[taker] = 1;
          passed[taker] = transfer;
          passedBy[taker] = giver;
          if (load(taker) < limit) {
            for (let node = taker; passedBy[node] !== -1; node = passedBy[node]!) {
              const list = sent[passedBy[node]!]!;
              list.splice(list.indexOf(passed[node]!), 1);
              assign(passed[node]!, node);
            }
            return undefined;
          }
          queue.push(taker);
        }
      }
    }
    return reached;
  }

  /** Transfers that only the reached nodes can send. */
  function confinedTo(reached: Uint8Array): number {
    return replica.reduce((sum, of) => sum + (owners[of]!.every((node) => reached[node]) ? 1 : 0), 0);
  }
}
