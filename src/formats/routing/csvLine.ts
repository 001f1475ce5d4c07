/** One line of CSV, read strictly (RFC 4180 without line breaks in fields: no field of a routing log can have one). */
import { InputError, type InputPosition, quoteInput } from "../../errors.ts";

/**
 * Splits a line into fields. Quotes may surround a whole field only.
 * @throws InputError with the column of a misplaced quote, a lone carriage return or a NUL byte
 */
export function splitCsvLine(line: string, at: InputPosition): string[] {
  for (const [character, name, remedy] of [
    ["\0", "NUL byte", "the file is damaged or not CSV: write it again"],
    ["\r", "lone carriage return", "expected LF or CRLF at line ends: tr '\\r' '\\n'"],
  ] as const) {
    const column = line.indexOf(character);
    if (column >= 0) throw new InputError(`${name}; ${remedy}`, { ...at, column: column + 1 });
  }
  if (!line.includes('"')) return line.split(",");
  const fields: string[] = [];
  const field = /(?:"((?:[^"]|"")*)"|([^",]*))(,|$)/y;
  for (let start = 0; ; start = field.lastIndex) {
    field.lastIndex = start;
    const match = field.exec(line);
    if (match === null) {
      throw new InputError(
        `misplaced quote in ${quoteInput(line.slice(start))}; expected a field in quotes or without any: remove the quotes`,
        { ...at, column: start + 1 },
      );
    }
    fields.push(match[1]?.replaceAll('""', '"') ?? (match[2] as string));
    if (match[3] === "") return fields;
  }
}

/**
 * The number in a text of plain digits, or of digits as float tensors print whole numbers: `5.0`, `1e3`, `1.5e+2`. Nothing
 * when it is not whole; a number of 2^53 or more is not exact.
 */
export function wholeValue(text: string): number | undefined {
  const match = /^(\d+)(?:\.(\d*))?(?:[eE]\+?(\d{1,3}))?$/.exec(text);
  if (match === null) return undefined;
  const [, , fraction = "", exponent = "0"] = match;
  return fraction.replace(/0+$/, "").length <= Number(exponent) ? Number(text) : undefined;
}

/**
 * A whole number below 2^53.
 * @param name of the column, for the message
 * @throws InputError
 */
export function wholeNumber(text: string, name: string, at: InputPosition): number {
  const value = wholeValue(text);
  if (value === undefined)
    throw new InputError(`${name} is ${describe(text)}; expected a whole number, digits only: correct the row`, at);
  if (Number.isSafeInteger(value)) return value;
  throw new InputError(`${name} is ${quoteInput(text)}; expected a whole number below 2^53: correct the row`, at);
}

function describe(text: string): string {
  if (text === "") return "empty";
  const shown = quoteInput(text);
  if (text.trim() !== text) return `${shown} with blanks around it`;
  if (/^-\d+(\.\d*)?$/.test(text)) return `negative (${shown})`;
  if (/^\d*\.\d*$/.test(text)) return `fractional (${shown})`;
  return shown;
}
