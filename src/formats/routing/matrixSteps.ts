/** Routing logs as a JSON array of numbers: [layers][experts] or [steps][layers][experts]. */

import type { RoutingStep } from "../../core/profile/routingStep.ts";
import { InputError, quoteInput } from "../../errors.ts";
import { wholeValue } from "./csvLine.ts";
import { joinedChunks } from "./joinedChunks.ts";
import { ID_LIMITS } from "./routingColumns.ts";
import type { RoutingOptions, StepReader } from "./stepReader.ts";

/** Such a file is held in memory; larger logs belong in CSV. */
const MOST_BYTES = 256 * 1024 * 1024;

/** What stands where a number should: all up to the next punctuation or blank. */
const WORD = /[^\s,[\]]*/y;
/** Space, tab, carriage return, line feed: the blanks of JSON. */
const BLANKS = new Set([0x20, 0x09, 0x0d, 0x0a]);

/** Reads the whole text, then gives its steps, numbered from 0, with layers numbered from 0. */
export class MatrixSteps implements StepReader {
  private readonly options: RoutingOptions;
  private readonly chunks: Uint8Array[] = [];
  private bytes = 0;

  constructor(options: RoutingOptions) {
    this.options = options;
  }

  read(chunk: Uint8Array): Iterable<RoutingStep> {
    this.bytes += chunk.length;
    if (this.bytes > MOST_BYTES) {
      throw new InputError(`matrix of more than ${MOST_BYTES} bytes; expected a small one: write the log as CSV`, this.options);
    }
    this.chunks.push(chunk.slice());
    return [];
  }

  *finish(): Generator<RoutingStep> {
    const text = new TextDecoder().decode(joinedChunks(this.chunks));
    this.chunks.length = 0;
    const { byRank, file } = this.options;
    if (byRank)
      throw new InputError("a matrix has no ranks, but loads by rank are asked for: use a CSV log with ranks", { file });
    yield* new MatrixText(text, this.options).steps();
  }
}

/** A cursor over the text; a hand-written one, because JSON.parse tells neither line nor column of a bad number. */
class MatrixText {
  private readonly text: string;
  private readonly options: RoutingOptions;
  private at = 0;
  private experts: number | undefined;

  constructor(text: string, options: RoutingOptions) {
    this.text = text;
    this.options = options;
    this.experts = options.experts;
  }

  *steps(): Generator<RoutingStep> {
    const depth = /^\s*\[\s*\[\s*\[/.test(this.text) ? 3 : 2;
    if (depth === 2) yield this.step(0);
    else {
      let iteration = 0;
      for (const _ of this.elements()) yield this.step(iteration++);
    }
    this.blanks();
    if (this.at < this.text.length) throw this.unexpected("the end");
  }

  /** [layers][experts] */
  private step(iteration: number): RoutingStep {
    const layers: { layer: number; loads: Float64Array }[] = [];
    for (const _ of this.elements()) {
      if (layers.length === ID_LIMITS.layer)
        throw this.error(`more than ${ID_LIMITS.layer} layers; expected fewer: split the log`);
      layers.push({ layer: layers.length, loads: this.loads() });
    }
    return { iteration, experts: this.experts ?? 0, ranks: 0, layers };
  }

  private loads(): Float64Array {
    const start = this.at;
    const loads: number[] = [];
    let sum = 0;
    for (const _ of this.elements()) {
      const number = this.at;
      loads.push(this.count());
      sum += loads.at(-1) as number;
      if (sum > Number.MAX_SAFE_INTEGER)
        throw this.error("the layer's tokens sum to 2^53 or more; expected less: correct them", number);
      if (loads.length > ID_LIMITS.expert)
        throw this.error(`more than ${ID_LIMITS.expert} experts; expected fewer: correct the row`, start);
    }
    this.experts ??= loads.length;
    if (loads.length !== this.experts) {
      throw this.error(`row of ${loads.length} experts; expected ${this.experts} as in every row: correct it`, start);
    }
    return Float64Array.from(loads);
  }

  /** Walks an array: the caller reads the element each time it gets control. */
  private *elements(): Generator<void> {
    this.expect("[");
    do {
      this.blanks();
      yield;
      this.blanks();
    } while (this.skip(","));
    this.expect("]");
  }

  private count(): number {
    WORD.lastIndex = this.at;
    const text = WORD.exec(this.text)?.[0] ?? "";
    if (text === "") throw this.unexpected("a number of tokens");
    const value = /^0\d|\.(?!\d)/.test(text) ? undefined : wholeValue(text);
    if (value === undefined) throw this.unexpected("a whole number of tokens, digits only", text);
    if (!Number.isSafeInteger(value)) throw this.unexpected("a number of tokens below 2^53", text);
    this.at += text.length;
    return value;
  }

  private blanks(): void {
    while (BLANKS.has(this.text.charCodeAt(this.at))) this.at++;
  }

  private skip(character: string): boolean {
    if (this.text[this.at] !== character) return false;
    this.at++;
    return true;
  }

  private expect(character: string): void {
    this.blanks();
    if (!this.skip(character)) throw this.unexpected(quoteInput(character));
  }

  private unexpected(expected: string, found = this.text.slice(this.at, this.at + 1)): InputError {
    return this.error(
      `${found === "" ? "end of input" : quoteInput(found)}; expected ${expected}: write [layers][experts] or [steps][layers][experts]`,
    );
  }

  private error(message: string, at = this.at): InputError {
    const before = this.text.slice(0, at).split("\n");
    return new InputError(message, {
      file: this.options.file,
      line: before.length,
      column: (before.at(-1) as string).length + 1,
    });
  }
}
