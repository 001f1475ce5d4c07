/** Single transfers in their order, filled into rounds. */

/** A replica that is sent, in its turn. */
export interface OrderedTransfer {
  /** Index of the layer. */
  readonly layer: number;
  readonly expert: number;
  readonly from: number;
  readonly to: number;
  /** Transfers of one round may run at the same time; rounds never go back in the order. */
  readonly round: number;
}

/** A node sends and receives at most once in a round, and nothing is read there that the same round writes, or the reverse. */
export class TransferRounds {
  readonly transfers: OrderedTransfer[] = [];
  readonly #sent: Int32Array;
  #round = newRound(0);

  /** @param nodes nodes that send or receive */
  constructor(nodes: number) {
    this.#sent = new Int32Array(nodes);
  }

  /**
   * Adds a transfer, from the source that has sent least.
   * @param victim expert whose copy it overwrites on the node that receives
   */
  send(layer: number, expert: number, sources: readonly number[], to: number, victim: number): void {
    const key = (what: number, node: number) => `${layer}:${what}:${node}`;
    const from = sources.reduce((best, node) => (this.#sent[node]! < this.#sent[best]! ? node : best));
    const { senders, receivers, read, written } = this.#round;
    if (senders.has(from) || receivers.has(to) || written.has(key(expert, from)) || read.has(key(victim, to))) {
      this.#round = newRound(this.#round.number + 1);
    }
    this.#round.senders.add(from);
    this.#round.receivers.add(to);
    this.#round.read.add(key(expert, from));
    this.#round.written.add(key(expert, to));
    this.#sent[from]!++;
    this.transfers.push({ layer, expert, from, to, round: this.#round.number });
  }
}

/** Nodes that send and receive, and copies that are read and written. */
function newRound(number: number) {
  return {
    number,
    senders: new Set<number>(),
    receivers: new Set<number>(),
    read: new Set<string>(),
    written: new Set<string>(),
  };
}
