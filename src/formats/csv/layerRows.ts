/** One layer of a placement, while its rows are read. */
import { InputError, shownName } from "../../errors.ts";
import { ID_LIMITS } from "../routing/routingColumns.ts";

const UNKNOWN = -1;

/** Loads, slots and the nodes that keep experts in host memory. */
export class LayerRows {
  readonly layer: number;
  /** Tokens of each expert, shape [experts]. */
  readonly loads: number[] = [];
  /** Expert in each slot, node after node. */
  readonly slots: number[] = [];
  private readonly keepers = new Map<number, string[]>();
  private readonly file: string;
  /** Line with the largest expert. */
  private largestAt = 0;

  constructor(layer: number, file: string) {
    this.layer = layer;
    this.file = file;
  }

  /** @throws InputError when another row gives the expert other tokens */
  addLoad(expert: number, tokens: number, line: number): void {
    const { loads } = this;
    if (expert >= ID_LIMITS.expert) throw this.wrong(`expert is ${expert}; expected a number below ${ID_LIMITS.expert}`, line);
    if (expert >= loads.length) {
      while (loads.length < expert) loads.push(UNKNOWN);
      loads.push(tokens);
      this.largestAt = line;
    } else if (loads[expert] === UNKNOWN) loads[expert] = tokens;
    else if (loads[expert] !== tokens) {
      throw this.wrong(
        `expert ${expert} has ${tokens} tokens, in an earlier row of layer ${this.layer} ${loads[expert]}; expected the same`,
        line,
      );
    }
  }

  /** An expert without a slot, and the node that keeps it; no node where only its load is said. */
  addKeeper(expert: number, node: string, line: number): void {
    const keepers = this.keepers.get(expert);
    if (node === "" ? keepers !== undefined : keepers?.includes(node)) {
      throw this.wrong(
        `expert ${expert} of layer ${this.layer} is ${node === "" ? "without a slot" : `kept by ${shownName(node)}`} twice; remove one row`,
        line,
      );
    }
    if (keepers === undefined) this.keepers.set(expert, node === "" ? [] : [node]);
    else if (node !== "") keepers.push(node);
  }

  /** @throws InputError when an expert has no row */
  end(): void {
    const missing = this.loads.indexOf(UNKNOWN);
    if (missing >= 0) {
      throw this.wrong(
        `expert ${missing} of layer ${this.layer} has no row, and there is expert ${this.loads.length - 1}; expected a row for every expert, also without a slot`,
        this.largestAt,
      );
    }
  }

  /** Experts that nodes keep in host memory. */
  spilled(): { layer: number; expert: number; nodes: string[] }[] {
    return [...this.keepers].flatMap(([expert, nodes]) => (nodes.length > 0 ? [{ layer: this.layer, expert, nodes }] : []));
  }

  private wrong(message: string, line: number): InputError {
    return new InputError(message, { file: this.file, line });
  }
}
