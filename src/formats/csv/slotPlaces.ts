/** Nodes, GPUs and slots as the rows of a placement name them: the first layer says them, all others repeat them. */
import type { ClusterNode } from "../../core/layout/cluster.ts";
import { InputError, quoteInput, shownName } from "../../errors.ts";
import { checkedName } from "../names.ts";

/** A slot of a GPU of a node; a GPU without slots, or a dead one, has one of -1. */
export interface Place {
  readonly node: string;
  readonly domain: string;
  readonly rank: number;
  readonly slot: number;
  readonly isDead: boolean;
}

/** Checks that places come in order: nodes, ranks and slots rise, and every layer has the same. */
export class SlotPlaces {
  /** In their order. */
  readonly all: Place[] = [];
  private readonly file: string;
  private readonly names = new Set<string>();
  /** Slots of the newest node. */
  private slots = 0;
  /** Places of the newest layer. */
  private taken = 0;

  constructor(file: string) {
    this.file = file;
  }

  beginLayer(): void {
    this.taken = 0;
  }

  /** @param isFirst whether it is a row of the first layer */
  add(place: Place, isFirst: boolean, line: number): void {
    if (isFirst) this.addFirst(place, line);
    const expected = this.all[this.taken];
    const { node, domain, rank, slot, isDead } = place;
    if (
      expected?.node !== node ||
      expected.rank !== rank ||
      expected.slot !== slot ||
      expected.domain !== domain ||
      expected.isDead !== isDead
    ) {
      throw this.wrong(
        `${nameOf(place)} stands where ${expected === undefined ? "the layer has ended" : `${nameOf(expected)} is expected`}, as in the first layer; rows are missing, there twice, or out of order`,
        line,
      );
    }
    this.taken++;
  }

  endLayer(layer: number, line: number): void {
    const missing = this.all[this.taken];
    if (missing === undefined && this.taken > 0) return;
    throw this.wrong(
      `layer ${layer} ends without ${missing === undefined ? "any slot" : nameOf(missing)}; rows are missing`,
      line,
    );
  }

  /** The nodes that the places make up. */
  nodes(): ClusterNode[] {
    const nodes: { name: string; slots: number; gpus: number; deadGpus?: number[]; domain?: string }[] = [];
    let rank = -1;
    for (const place of this.all) {
      if (nodes.at(-1)?.name !== place.node) {
        nodes.push({ name: place.node, slots: 0, gpus: 0, ...(place.domain === "" ? {} : { domain: place.domain }) });
      }
      const node = nodes.at(-1)!;
      if (place.slot >= 0) node.slots++;
      if (place.isDead) {
        node.deadGpus ??= [];
        node.deadGpus.push(node.gpus);
      }
      if (place.rank !== rank) node.gpus++;
      rank = place.rank;
    }
    return nodes;
  }

  private addFirst(place: Place, line: number): void {
    const { node, domain, rank, slot } = place;
    const before = this.all.at(-1);
    const isNew = before?.node !== node;
    if (node === "") throw this.wrong(`rank ${rank} has no node; expected its name`, line);
    const at = { file: this.file, line };
    if (isNew) checkedName(node, "node", at);
    if (domain !== "") checkedName(domain, "domain", at);
    if (isNew && this.names.has(node))
      throw this.wrong(`node ${shownName(node)} comes again; expected all its rows together`, line);
    if (!isNew && before.domain !== domain)
      throw this.wrong(
        `node ${shownName(node)} is in domain ${quoteInput(domain)} after ${quoteInput(before.domain)}; expected one domain`,
        line,
      );
    if (isNew) this.slots = 0;
    if (slot >= 0 && slot !== this.slots) {
      const why = slot < this.slots ? "it is there twice, or the rows are out of order" : "rows are missing";
      throw this.wrong(`slot ${slot} of ${shownName(node)} comes where slot ${this.slots} is expected; ${why}`, line);
    }
    const last = before?.rank ?? -1;
    const stays = !isNew && rank === last && slot >= 0 && before.slot >= 0;
    if (!stays && rank !== last + 1) {
      throw this.wrong(
        `rank ${rank} comes after ${last < 0 ? "none" : `rank ${last}`}; expected ${isNew || last < 0 ? "" : `${last} or `}${last + 1}: rows are missing or out of order`,
        line,
      );
    }
    if (slot >= 0) this.slots++;
    this.names.add(node);
    this.all.push(place);
  }

  private wrong(message: string, line: number): InputError {
    return new InputError(message, { file: this.file, line });
  }
}

function nameOf({ node, rank, slot, isDead }: Place): string {
  const name = shownName(node);
  return slot < 0 ? `rank ${rank} of ${name} (${isDead ? "dead" : "no slot"})` : `slot ${slot} of ${name} (rank ${rank})`;
}
