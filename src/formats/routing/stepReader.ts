/** What every routing log reader takes and gives. */
import type { RoutingStep } from "../../core/profile/routingStep.ts";
import type { RoutingTable } from "./routingColumns.ts";

/** Formats of a routing log: three CSV tables, and `matrix`, a JSON array [layers][experts] or [steps][layers][experts]. */
export const ROUTING_FORMATS = ["wide", "long", "tokens", "matrix"] as const satisfies readonly (RoutingTable | "matrix")[];
export type RoutingFormat = (typeof ROUTING_FORMATS)[number];

/** How to read a routing log. */
export interface RoutingOptions {
  /** Name for messages; "-" for standard input. */
  readonly file: string;
  /** Found out from the header or the first byte when absent. */
  readonly format?: RoutingFormat | undefined;
  /**
   * Experts of the model. Without it the formats that list experts by id (long, tokens) can only know of the ids seen so
   * far: steps may then grow by an expert, and experts without any token are missed.
   */
  readonly experts?: number | undefined;
  /** Whether steps list tokens by source rank; the log must have ranks then. */
  readonly byRank?: boolean | undefined;
  /** Is told in one line what had to be assumed. */
  readonly notice?: ((message: string) => void) | undefined;
}

/** What is said where the number of experts is that of the ids seen, and there may be more that nobody chose. */
export function guessedExperts(experts: number): string {
  return `taken to have ${experts} expert${experts === 1 ? "" : "s"}, for the largest id is ${experts - 1}; if there are more, which never had a token, say how many: profile-load --experts N`;
}

/** Turns chunks of a log, which may have any size, into steps. A step is valid until the next one is asked for. */
export interface StepReader {
  /** Steps that a chunk completes; the chunk may be overwritten afterwards. */
  read(chunk: Uint8Array): Iterable<RoutingStep>;
  /** Steps that the end of the log completes. */
  finish(): Iterable<RoutingStep>;
}
