/** dispatch-plan as JSON or CSV, layer by layer: a plan of many ranks is larger than one string may be. */
import type { LayerDispatch } from "../core/dispatch/layerDispatch.ts";
import { type DispatchSummary, shuffleOf } from "../core/dispatch/summary.ts";

/** Text is handed on in pieces of about this many characters. */
const PIECE_LENGTH = 1 << 16;

/** One layer of a plan. */
export interface DispatchedLayer {
  readonly layer: number;
  readonly dispatch: LayerDispatch;
  readonly summary: DispatchSummary;
}

/** A plan whose layers are made when they are asked for. */
export interface DispatchPlan {
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
  const { load, sent, maxOverMean, localTokens, remoteTokens } = layer.summary;
  const isCount = (value: number) => Number.isSafeInteger(value) && value >= 0;
  const isEntry = (_: number, i: number) =>
    (expert[i] as number) >= 0 &&
    (source[i] as number) >>> 0 < ranks &&
    (target[i] as number) >>> 0 < ranks &&
    isCount(tokens[i] as number);
  if (
    !(tokens.every(isEntry) && sent.every(isCount) && load.every(isCount) && maxOverMean >= 0) ||
    load.reduce((sum, value) => sum + value, 0) !== localTokens + remoteTokens
  ) {
    throw new Error(`the result is not as it should be: the dispatch of layer ${layer.layer}`);
  }
  return layer;
}

/** The JSON document in pieces. */
export function* dispatchPlanJson({ policy, ranks, layers, shuffle }: DispatchPlan): Generator<string> {
  yield `{"type":"dispatch-plan","version":1,"policy":${JSON.stringify(policy)},"ranks":${ranks},"layers":[`;
  let separator = "";
  for (const { layer, dispatch, summary } of layers) {
    yield `${separator}{"layer":${layer},"entries":[`;
    yield* entryPieces(dispatch, "[", "],", true);
    const { load, maxOverMean, localTokens, remoteTokens, sent } = summary;
    const rest = { sent: rows(sent, ranks), load: Array.from(load), maxOverMean, localTokens, remoteTokens };
    yield `],${JSON.stringify({ ...rest, ...(shuffle ? { shuffle: shuffleRows(sent, ranks) } : {}) }).slice(1)}`;
    separator = ",";
  }
  yield "]}\n";
}

/** CSV `layer,expert,source,target,tokens` in pieces. */
export function* dispatchPlanCsv({ layers }: DispatchPlan, header: boolean): Generator<string> {
  if (header) yield "layer,expert,source,target,tokens\n";
  for (const { layer, dispatch } of layers) yield* entryPieces(dispatch, `${layer},`, "\n", false);
}

function* entryPieces(dispatch: LayerDispatch, before: string, after: string, dropLastComma: boolean): Generator<string> {
  const { expert, source, target, tokens } = dispatch;
  let piece = "";
  for (let i = 0; i < tokens.length; i++) {
    piece += `${before}${expert[i]},${source[i]},${target[i]},${tokens[i]}${after}`;
    if (piece.length > PIECE_LENGTH && i + 1 < tokens.length) {
      yield piece;
      piece = "";
    }
  }
  yield dropLastComma ? piece.slice(0, -1) : piece;
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
