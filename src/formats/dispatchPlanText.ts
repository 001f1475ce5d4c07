/** dispatch-plan as JSON or CSV, layer by layer: a plan of many ranks is larger than one string may be. */
import type { LayerDispatch } from "../core/dispatch/layerDispatch.ts";
import { shuffleOf, summarizeDispatch } from "../core/dispatch/summary.ts";
import { asciiRows, asciiTable, type FourColumns } from "./asciiRows.ts";
import { type Window, windowTable } from "./csv/windows.ts";

/** One layer of a plan. */
export interface DispatchedLayer {
  readonly layer: number;
  readonly dispatch: LayerDispatch;
  /** How many of the ranks are dead. */
  readonly deadRanks?: number;
}

/** A plan whose layers are made when they are asked for. */
export interface DispatchPlan {
  /** Iterations that the loads are of, where there are plans for several windows. */
  readonly window?: Window | undefined;
  readonly policy: string;
  readonly ranks: number;
  readonly layers: Iterable<DispatchedLayer>;
  /** Whether send counts, receive counts and offsets belong to the JSON. */
  readonly shuffle: boolean;
}

/**
 * The layer itself, whose numbers are as the document's schema wants them; every plan is checked this way before it is written.
 * @throws Error on a bug of ours
 */
export function checkedLayer(layer: DispatchedLayer): DispatchedLayer {
  const { ranks, expert, source, target, tokens } = layer.dispatch;
  for (let i = 0; i < tokens.length; i++) {
    const count = tokens[i]!;
    // A negative rank is a large one without its sign.
    const ranksExist = source[i]! >>> 0 < ranks && target[i]! >>> 0 < ranks;
    if (!ranksExist || expert[i]! < 0 || !Number.isSafeInteger(count) || count < 0) {
      throw new Error(`the result is not as it should be: the dispatch of layer ${layer.layer}`);
    }
  }
  return layer;
}

/** The JSON document in pieces. */
export function* dispatchPlanJson({ window, policy, ranks, layers, shuffle }: DispatchPlan): Generator<string | Uint8Array> {
  const loadsOf = window === undefined ? "" : `"window":${JSON.stringify(window)},`;
  yield `{"type":"dispatch-plan","version":1,${loadsOf}"policy":${JSON.stringify(policy)},"ranks":${ranks},"layers":[`;
  let separator = "";
  for (const { layer, dispatch, deadRanks } of layers) {
    yield `${separator}{"layer":${layer},"entries":[`;
    yield* withoutLastByte(asciiRows(columns(dispatch), "[", "],"));
    const { load, maxOverMean, localTokens, remoteTokens, sent } = summarizeDispatch(dispatch, deadRanks);
    yield `],"sent":`;
    yield* asciiTable(sent, ranks);
    const rest = { load: Array.from(load), maxOverMean, localTokens, remoteTokens };
    yield `,${JSON.stringify({ ...rest, ...(shuffle ? { shuffle: shuffleRows(sent, ranks) } : {}) }).slice(1)}`;
    separator = ",";
  }
  yield "]}\n";
}

/**
 * CSV `[window,]layer,expert,source,target,tokens` in pieces. Where the last rank neither sends nor receives, a row of no
 * tokens from it to itself says how many ranks there are; so does the only row of a layer without tokens.
 */
export function dispatchPlanCsv(): (plan: DispatchPlan, first: boolean) => Generator<string | Uint8Array> {
  const partOf = windowTable(({ window }: DispatchPlan) => window);
  return function* (plan, first) {
    const { header, cell } = partOf(plan, first);
    if (first) yield `${header}layer,expert,source,target,tokens\n`;
    const last = plan.ranks - 1;
    for (const { layer, dispatch } of plan.layers) {
      yield* asciiRows(columns(dispatch), `${cell}${layer},`, "\n");
      if (!dispatch.source.includes(last) && !dispatch.target.includes(last)) yield `${cell}${layer},0,${last},${last},0\n`;
    }
  };
}

function columns({ expert, source, target, tokens }: LayerDispatch): FourColumns {
  return [expert, source, target, tokens];
}

/** JSON has no comma after the last entry. */
function* withoutLastByte(pieces: Iterable<Uint8Array>): Generator<Uint8Array> {
  let last: Uint8Array | undefined;
  for (const piece of pieces) {
    if (last !== undefined) yield last;
    last = piece;
  }
  if (last !== undefined) yield last.subarray(0, -1);
}

/** Send and receive counts and offsets of every rank. */
function shuffleRows(sent: Float64Array, ranks: number): object[] {
  const { sendCounts, sendOffsets, receiveCounts, receiveOffsets } = shuffleOf(sent);
  const [counts, offsets, incoming, starts] = [sendCounts, sendOffsets, receiveCounts, receiveOffsets].map((table) =>
    rows(table, ranks),
  );
  return Array.from({ length: ranks }, (_, rank) => ({
    rank,
    sendCounts: counts?.[rank],
    sendOffsets: offsets?.[rank],
    receiveCounts: incoming?.[rank],
    receiveOffsets: starts?.[rank],
  }));
}

function rows(table: Float64Array, width: number): number[][] {
  return Array.from({ length: width }, (_, row) => Array.from(table.subarray(row * width, (row + 1) * width)));
}
