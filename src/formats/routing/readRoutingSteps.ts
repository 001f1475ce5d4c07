/** Routing logs of every format, read as a stream. */
import { checkChoice } from "../../core/algorithms/checkChoice.ts";
import type { RoutingStep } from "../../core/profile/routingStep.ts";
import { InputError } from "../../errors.ts";
import { CsvSteps } from "./csvSteps.ts";
import { joinedChunks } from "./joinedChunks.ts";
import { MatrixSteps } from "./matrixSteps.ts";
import { ROUTING_FORMATS, type RoutingOptions, type StepReader } from "./stepReader.ts";

/** Bytes that may precede the first telling one: a byte order mark and blanks. */
const LEADING = new Set([0xef, 0xbb, 0xbf, 0x20, 0x09, 0x0d, 0x0a]);
const MOST_LEADING = 4096;

/**
 * The steps of a log, one at a time, while it is being read: memory is that of one iteration. All work on a chunk is
 * synchronous. A step's arrays are overwritten when the next one is asked for: copy what is to be kept.
 * @param source chunks of any size; they are not looked at again after the next is asked for
 * @throws InputError on a log that is not as it should be, with its line
 * @throws RangeError when options.experts is not a whole number from 1 to 65536
 */
export async function* readRoutingSteps(source: AsyncIterable<Uint8Array>, options: RoutingOptions): AsyncGenerator<RoutingStep> {
  const { experts, format } = options;
  if (experts !== undefined && !(Number.isSafeInteger(experts) && experts >= 1 && experts <= 65_536)) {
    throw new RangeError(`experts must be a whole number from 1 to 65536, got ${experts}`);
  }
  checkChoice("format", format, ROUTING_FORMATS);
  let reader = format === undefined ? undefined : readerOf(format, options);
  let head = new Uint8Array(0);
  for await (const chunk of source) {
    if (reader === undefined) {
      head = joinedChunks([head, chunk]);
      reader = detect(head, options);
      if (reader !== undefined) for (const step of reader.read(head)) yield step;
    } else for (const step of reader.read(chunk)) yield step;
  }
  if (reader === undefined) {
    reader = new CsvSteps(options, undefined);
    for (const step of reader.read(head)) yield step;
  }
  for (const step of reader.finish()) yield step;
}

function readerOf(format: NonNullable<RoutingOptions["format"]>, options: RoutingOptions): StepReader {
  return format === "matrix" ? new MatrixSteps(options) : new CsvSteps(options, format);
}

/** The reader for a log that starts like this; undefined while that cannot be told. */
function detect(head: Uint8Array, options: RoutingOptions): StepReader | undefined {
  const first = head.find((byte) => !LEADING.has(byte));
  if (first === undefined && head.length <= MOST_LEADING) return undefined;
  if (first === "{".charCodeAt(0)) {
    throw new InputError(
      "a JSON object; expected a routing log, CSV or a JSON array: if it is a load-profile, say so by its format",
      {
        file: options.file,
        line: 1,
      },
    );
  }
  return first === "[".charCodeAt(0) ? new MatrixSteps(options) : new CsvSteps(options, undefined);
}
