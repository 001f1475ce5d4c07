/** Routing logs in CSV. */
import type { RoutingStep } from "../../core/profile/routingStep.ts";
import { InputError, type InputPosition } from "../../errors.ts";
import { splitCsvLine, wholeNumber } from "./csvLine.ts";
import { LineBlocks, LONGEST_LINE_BYTES } from "./lineBlocks.ts";
import { type RoutingColumns, type RoutingTable, routingColumns } from "./routingColumns.ts";
import { type RowAdder, rowAdder } from "./rowAdder.ts";
import { RowScanner } from "./rowScanner.ts";
import { guessedExperts, type RoutingOptions, type StepReader } from "./stepReader.ts";
import { StepTable } from "./stepTable.ts";

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;

/** What the header settles. */
interface OpenLog {
  readonly columns: RoutingColumns;
  readonly table: StepTable;
  readonly addRow: RowAdder;
  readonly scanner: RowScanner;
}

/**
 * Reads a log chunk by chunk. Rows of plain digits go through RowScanner; the header, blank lines, quoted fields, long
 * numbers and everything wrong are read strictly, line by line.
 */
export class CsvSteps implements StepReader {
  private readonly options: RoutingOptions;
  private readonly format: RoutingTable | undefined;
  private readonly blocks = new LineBlocks(() => this.longLine());
  private readonly decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  private log: OpenLog | undefined;
  /** Lines read that the scanner does not count: all but plain rows. */
  private otherLines = 0;
  private firstBlankLine = 0;
  /** Iteration whose rows are being read; -1 before the first. */
  private iteration = -1;

  /** @param format the table if it is known, else the header tells */
  constructor(options: RoutingOptions, format: RoutingTable | undefined) {
    this.options = options;
    this.format = format;
  }

  *read(chunk: Uint8Array): Generator<RoutingStep> {
    for (const block of this.blocks.complete(chunk)) yield* this.readLines(block);
  }

  *finish(): Generator<RoutingStep> {
    const rest = this.blocks.rest();
    if (rest.length > 0) {
      // A carriage return is half a line end here: the strict reader says so.
      if (rest.at(-1) === CARRIAGE_RETURN)
        splitCsvLine(this.decoder.decode(rest), { file: this.options.file, line: this.lines + 1 });
      const line = new Uint8Array(rest.length + 1);
      line.set(rest);
      line[rest.length] = LINE_FEED;
      yield* this.readLines(line);
    }
    if (this.log === undefined || this.iteration < 0) {
      const found = this.log === undefined ? "empty input" : "no rows after the header";
      throw this.error(
        `${found}; expected a routing log with a header and rows: check the command that wrote it`,
        this.lines || 1,
      );
    }
    yield this.takeStep(this.log.table);
    const { columns, table } = this.log;
    const isGuess = columns.table === "tokens" || (columns.table === "long" && !table.listsAll);
    if (this.options.experts === undefined && isGuess) this.options.notice?.(guessedExperts(table.expertCount));
  }

  private *readLines(lines: Uint8Array): Generator<RoutingStep> {
    for (let at = 0; at < lines.length; ) {
      if (this.log !== undefined && this.firstBlankLine === 0) {
        const { scanner } = this.log;
        const end = scanner.scan(lines, at, this.iteration);
        at = scanner.position;
        if (end === "end") return;
        if (end === "refused") throw this.error(scanner.refusal);
        if (end === "iteration") {
          yield* this.startIteration(iterationOf(scanner.fields, this.log.columns), this.log);
          continue;
        }
      }
      const next = lines.indexOf(LINE_FEED, at) + 1;
      if (next - at > LONGEST_LINE_BYTES) throw this.longLine();
      const text = this.decoder.decode(lines.subarray(at, next - 1)).replace(/\r$/, "");
      if (this.log === undefined) this.log = this.openLog(text);
      else if (text === "") this.firstBlankLine ||= this.lines + 1;
      else {
        const fields = this.strictFields(text, this.log.columns);
        const iteration = iterationOf(fields, this.log.columns);
        if (iteration !== this.iteration) {
          yield* this.startIteration(iteration, this.log);
          continue;
        }
        const refusal = this.log.addRow(fields);
        if (refusal !== undefined) throw this.error(refusal);
      }
      this.otherLines++;
      at = next;
    }
  }

  private strictFields(text: string, { names }: RoutingColumns): Float64Array {
    if (this.firstBlankLine > 0) {
      throw this.error("blank line between rows; expected one at the end at most: remove it", this.firstBlankLine);
    }
    const here = { file: this.options.file, line: this.lines + 1 };
    const texts = splitCsvLine(text, here);
    if (texts.length !== names.length) {
      const found = `row of ${texts.length} ${texts.length === 1 ? "field" : "fields"}`;
      throw new InputError(`${found}; expected ${names.length} as in the header: correct or remove it`, here);
    }
    return Float64Array.from(texts, (field, column) => wholeNumber(field, names[column] as string, here));
  }

  private *startIteration(next: number, { columns, table }: OpenLog): Generator<RoutingStep> {
    if (next < this.iteration) {
      const key = columns.iteration + 1;
      throw this.error(
        `iteration ${next} comes after iteration ${this.iteration}; expected iterations that never fall: ` +
          `sort the rows below the header, sort -s -t, -k${key},${key}n`,
      );
    }
    if (this.iteration >= 0) yield this.takeStep(table);
    this.iteration = next;
  }

  private takeStep(table: StepTable): RoutingStep {
    const step = table.takeStep(this.iteration);
    if (typeof step === "string") throw this.error(step, this.lines);
    return step;
  }

  private openLog(line: string): OpenLog {
    const { file, experts, byRank = false } = this.options;
    const here: InputPosition = { file, line: 1 };
    const header = line.replace(/^\ufeff/, "");
    if (header.startsWith("\u001f\ufffd"))
      throw new InputError("gzip data; expected text: gunzip it, or name the file .gz", here);
    if (header.startsWith("\ufffd\ufffd")) throw new InputError("not UTF-8; expected text: iconv -f utf-16 -t utf-8", here);
    const columns = routingColumns(splitCsvLine(header, here), this.format, here);
    const inHeader = columns.expertColumns.length;
    if (experts !== undefined && inHeader > 0 && inHeader !== experts) {
      throw new InputError(`columns for ${inHeader} experts; expected ${experts}: correct the number of experts`, here);
    }
    if (byRank && columns.rank < 0) {
      throw new InputError('no column "rank", but loads by rank are asked for; expected it: add it or do without ranks', here);
    }
    const table = new StepTable(columns, experts ?? (inHeader || undefined), byRank);
    const addRow = rowAdder(columns, table);
    return { columns, table, addRow, scanner: new RowScanner(columns.names.length, columns.iteration, addRow) };
  }

  /** Lines read so far. */
  private get lines(): number {
    return this.otherLines + (this.log?.scanner.rows ?? 0);
  }

  private error(message: string, line = this.lines + 1): InputError {
    return new InputError(message, { file: this.options.file, line });
  }

  private longLine(): InputError {
    return this.error(`line of more than ${LONGEST_LINE_BYTES} bytes; expected rows of a routing log: is this the right file?`);
  }
}

/** A table without iterations is of one. */
function iterationOf(fields: Float64Array, { iteration }: RoutingColumns): number {
  return iteration < 0 ? 0 : (fields[iteration] as number);
}
