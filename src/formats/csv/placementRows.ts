/** Placements from flat rows; what is written there stands in placementCsv.ts. */
import { type ClusterNode, gpuOfSlot, totalSlots } from "../../core/layout/cluster.ts";
import { countReplicas, FREE_SLOT } from "../../core/layout/placement.ts";
import { InputError, quoteInput, shownName } from "../../errors.ts";
import { checkPlacement } from "../documents/placement.ts";
import { type FollowedPlan, placedHistory } from "../documents/recoveryPlan.ts";
import { DEAD_COLUMN, PLACEMENT_COLUMNS } from "../placementCsv.ts";
import { LayerRows } from "./layerRows.ts";
import { type ReadTerms, readTerms, TERM_COLUMNS } from "./placementTerms.ts";
import { type Place, SlotPlaces } from "./slotPlaces.ts";
import { columnsOf, type TableReader, wholeCell } from "./tableRows.ts";
import { parseWindowCell } from "./windows.ts";

/** What is the same in all rows of a placement. */
const CONSTANT = ["placement", "shares", "minReplicas"] as const;

/** Reads placements of a table, one a window, each with what came before it. */
export class PlacementRows implements TableReader<FollowedPlan> {
  private readonly file: string;
  private readonly column: Record<(typeof PLACEMENT_COLUMNS)[number] | "window" | typeof DEAD_COLUMN, number>;
  /** Columns of settings by name, where they are there. */
  private readonly terms: ReadonlyMap<string, number>;
  private readonly constants: readonly (readonly [string, number])[];
  private readonly seenWindows = new Set<string>();
  private begun: readonly string[] | undefined;
  private begunAt = 0;
  private places: SlotPlaces;
  private layers: LayerRows[] = [];

  /** @throws InputError when the header is not that of a placement */
  constructor(names: readonly string[], file: string) {
    this.file = file;
    this.column = columnsOf(names, "placement", PLACEMENT_COLUMNS, ["window", ...TERM_COLUMNS, DEAD_COLUMN], file);
    this.terms = new Map(names.flatMap((name, column) => (TERM_COLUMNS.includes(name) ? [[name, column] as const] : [])));
    this.constants = [...CONSTANT.map((name) => [name, this.column[name]] as const), ...this.terms];
    this.places = new SlotPlaces(file);
  }

  add(cells: readonly string[], line: number): FollowedPlan | undefined {
    const { column } = this;
    const ended = this.begun !== undefined && column.window >= 0 && cells[column.window] !== this.begun[column.window];
    const document = ended ? this.finish(line - 1) : undefined;
    if (this.begun === undefined) this.begin(cells, line);
    else this.checkConstants(cells, this.begun, line);
    const layer = this.layerOf(cells[column.layer]!, line);
    const [node, rank, slot, expert] = [cells[column.node]!, cells[column.rank]!, cells[column.slot]!, cells[column.expert]!];
    if (rank !== "") {
      const place = {
        node,
        domain: cells[column.domain]!,
        rank: this.whole(rank, "rank", line),
        slot: slot === "" ? -1 : this.whole(slot, "slot", line),
        isDead: this.isDead(cells, slot, line),
      };
      this.places.add(place, this.layers.length === 1, line);
    } else if (slot !== "") throw this.wrong(`slot ${shownName(slot)} has no rank; expected the GPU that it is of`, line);
    if (expert !== "") {
      if (rank !== "" && slot === "")
        throw this.wrong(`expert ${shownName(expert)} is on rank ${rank} without a slot; expected the slot that holds it`, line);
      const id = this.whole(expert, "expert", line);
      layer.addLoad(id, this.whole(cells[column.tokens]!, "tokens", line), line);
      if (rank !== "") layer.slots.push(id);
      else layer.addKeeper(id, node, line);
    } else {
      if (cells[column.tokens] !== "") throw this.wrong("a row with tokens and without expert; expected both or none", line);
      if (rank === "")
        throw this.wrong(
          "a row without rank and expert; expected a slot, a GPU without slots, or an expert without a slot",
          line,
        );
      if (slot !== "") layer.slots.push(FREE_SLOT);
    }
    return document;
  }

  /** Whether a row says that its GPU is dead. */
  private isDead(cells: readonly string[], slot: string, line: number): boolean {
    const text = this.column.dead < 0 ? "" : cells[this.column.dead]!;
    if (text === "") return false;
    if (text !== "1" || slot !== "")
      throw this.wrong(`dead is ${quoteInput(text)}; expected 1 in the row of a dead GPU, which has no slot, or nothing`, line);
    return true;
  }

  finish(line: number): FollowedPlan {
    this.endLayer(line);
    const { column, begun, places, layers } = this;
    const cells = begun!;
    const cluster = places.nodes();
    this.checkDealing(places.all, cluster);
    const window = column.window < 0 ? {} : { window: parseWindowCell(cells[column.window]!, this.file, this.begunAt) };
    const spilled = layers.flatMap((layer) => layer.spilled());
    const stranger = spilled.flatMap(({ nodes }) => nodes).find((name) => !cluster.some((node) => node.name === name));
    if (stranger !== undefined)
      throw this.wrong(`node ${shownName(stranger)} keeps experts in host memory and has no slots; expected its slots`, line);
    const starts = cluster.map((_, n) => totalSlots(cluster.slice(0, n)));
    const placed = layers.map(({ layer, loads, slots }) => {
      const nodes = cluster.map((node, n) => slots.slice(starts[n]!, starts[n]! + node.slots));
      return { layer, loads, replicas: countReplicas(loads.length, nodes), nodes };
    });
    const { policy, history, reviewed } = this.termsIn(
      cells,
      cluster.filter(({ slots }) => slots > 0),
    );
    const document = {
      type: "placement",
      version: 1,
      ...window,
      nodes: cluster,
      policy,
      layers: placed,
      ...(spilled.length > 0 ? { spilled } : {}),
    };
    this.begun = undefined;
    this.layers = [];
    this.places = new SlotPlaces(this.file);
    const placement = checkPlacement(document, this.file);
    return { placement, history: history ?? placedHistory(placement), ...(reviewed && { reviewed }) };
  }

  private begin(cells: readonly string[], line: number): void {
    const window = cells[this.column.window] ?? "";
    if (this.seenWindows.has(window))
      throw this.wrong(`window ${shownName(window)} comes again; expected all its rows together`, line);
    this.seenWindows.add(window);
    this.begun = cells;
    this.begunAt = line;
  }

  private checkConstants(cells: readonly string[], first: readonly string[], line: number): void {
    for (const [name, at] of this.constants) {
      if (cells[at] !== first[at])
        throw this.wrong(
          `${name} is ${quoteInput(cells[at]!)} after ${quoteInput(first[at]!)}; expected the same in all rows of a placement`,
          line,
        );
    }
  }

  private layerOf(text: string, line: number): LayerRows {
    const layer = this.whole(text, "layer", line);
    const current = this.layers.at(-1);
    if (current?.layer === layer) return current;
    if (current !== undefined) this.endLayer(line - 1);
    if (this.layers.some((earlier) => earlier.layer === layer))
      throw this.wrong(`layer ${layer} comes again; expected all its rows together`, line);
    const fresh = new LayerRows(layer, this.file);
    this.layers.push(fresh);
    this.places.beginLayer();
    return fresh;
  }

  private endLayer(line: number): void {
    const layer = this.layers.at(-1)!;
    this.places.endLayer(layer.layer, line);
    layer.end();
  }

  /** Slots are dealt to GPUs in one way only. */
  private checkDealing(places: readonly Place[], cluster: readonly ClusterNode[]): void {
    let first = 0;
    let at = 0;
    for (const node of cluster) {
      for (; places[at]?.node === node.name; at++) {
        const { slot, rank } = places[at]!;
        const expected = slot < 0 ? rank : first + gpuOfSlot(node, slot);
        if (rank === expected) continue;
        throw this.wrong(
          `slot ${slot} of ${shownName(node.name)} is on rank ${rank}; expected rank ${expected}: the ${node.slots} slots of a node are dealt to its ${node.gpus} GPUs evenly, in contiguous runs`,
          this.begunAt + at,
        );
      }
      first += node.gpus;
    }
  }

  private termsIn(cells: readonly string[], cluster: readonly ClusterNode[]): ReadTerms {
    const { column, file, begunAt: line } = this;
    const placement = cells[column.placement]!;
    const shares = cells[column.shares]!;
    if (placement === "") throw this.wrong("the column placement is empty; expected the policy that made it", line);
    if (shares !== "" && shares !== "even" && shares !== "free") {
      throw this.wrong(`shares is ${quoteInput(shares)}; expected even or free`, line);
    }
    const minReplicas = wholeCell(cells[column.minReplicas]!, "minReplicas", file, line);
    if (minReplicas === 0) throw this.wrong("minReplicas is 0; expected at least 1", line);
    return readTerms(
      { placement, minReplicas, shares: shares === "" ? undefined : shares },
      cluster,
      new Map(Array.from(this.terms, ([name, at]) => [name, cells[at]!])),
      (message) => this.wrong(message, line),
    );
  }

  private whole(text: string, name: string, line: number): number {
    return wholeCell(text, name, this.file, line);
  }

  private wrong(message: string, line: number): InputError {
    return new InputError(message, { file: this.file, line });
  }
}
