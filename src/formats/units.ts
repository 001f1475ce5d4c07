/** Quantities as people type them: 112MiB, 100Gbps, 15s, 3,5-7. */

/** A text that is not the quantity expected; the message says what is. */
export class UnitError extends Error {
  override readonly name = "UnitError";
}

const byteUnits = new Map([
  ["", 1],
  ["b", 1],
]);
const bandwidthUnits = new Map([
  ["bps", 1 / 8],
  ["Bps", 1],
  ["B/s", 1],
]);
["k", "m", "g", "t"].forEach((prefix, i) => {
  byteUnits.set(`${prefix}b`, 1000 ** (i + 1)).set(`${prefix}ib`, 1024 ** (i + 1));
  bandwidthUnits
    .set(`${prefix}bps`, 1000 ** (i + 1) / 8)
    .set(`${prefix}Bps`, 1000 ** (i + 1))
    .set(`${prefix}B/s`, 1000 ** (i + 1))
    .set(`${prefix}iB/s`, 1024 ** (i + 1));
});
const timeUnits = new Map([
  ["ms", 0.001],
  ["s", 1],
  ["m", 60],
  ["min", 60],
  ["h", 3600],
  ["d", 86400],
]);

/** Bytes: `63000000`, `63MB`, `112MiB`. */
export const parseBytes = quantity(byteUnits, "a size such as 112MiB");
/** Bytes per second: `100Gbps`, `12.5GB/s`. A small b is a bit, a large one a byte. */
export const parseBandwidth = quantity(bandwidthUnits, "a bandwidth such as 100Gbps (bits) or 12.5GB/s (bytes)", (unit) =>
  unit.replace(/^[KMGT]/, (prefix) => prefix.toLowerCase()),
);
const parseTime = quantity(timeUnits, "a time such as 15s, 5m or 2h");

/** Seconds: `15s`, `5m`, `2h`, `250ms`; only nothing needs no unit, `0`. */
export function parseSeconds(text: string): number {
  const bare = text.trim();
  if (!/^(\d+\.?\d*|\.\d+)$/.test(bare)) return parseTime(text);
  if (Number(bare) === 0) return 0;
  throw new UnitError(`expected a time with its unit such as 15s, 5m or 2h (${bare}s?)`);
}

/** A whole number of at least `least`. */
export function parseCount(least: number, most = Number.MAX_SAFE_INTEGER): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value > Number.MAX_SAFE_INTEGER)
      throw new UnitError(`expected a whole number of at least ${least}`);
    if (value < least) throw new UnitError(`expected a whole number of at least ${least}`);
    if (value > most) throw new UnitError(`expected a whole number of at most ${most}`);
    return value;
  };
}

/** The number in a text of decimal digits, which may have a sign and an exponent; NaN for any other, and for one beyond all bounds. */
export function decimalNumber(text: string): number {
  const value = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
  return Number.isFinite(value) ? value : Number.NaN;
}

/** A number between two bounds, both allowed. */
export function parseNumber(least: number, most: number): (text: string) => number {
  return (text) => {
    const value = decimalNumber(text);
    if (!(value >= least && value <= most)) {
      throw new UnitError(
        most === Infinity ? `expected a number of at least ${least}` : `expected a number from ${least} to ${most}`,
      );
    }
    return value;
  };
}

/** Whole numbers and ranges, with a step or without: `0,3,5-7,10-20:2`; ascending, each once. */
export function parseIdList(text: string): number[] {
  const ids = new Set<number>();
  for (const part of text.split(",")) {
    const [whole, from = "", to = from, step = "1"] = /^(\d{1,9})(?:-(\d{1,9})(?::([1-9]\d{0,8}))?)?$/.exec(part.trim()) ?? [];
    if (whole === undefined || Number(to) < Number(from) || Number(to) - Number(from) > 1e6)
      throw new UnitError("expected a list of numbers and ranges such as 0,3,5-7 or 1-9:2");
    for (let id = Number(from); id <= Number(to); id += Number(step)) ids.add(id);
  }
  return [...ids].sort((a, b) => a - b);
}

/** Names between commas: `node3,node7`; each once. */
export function parseNameList(text: string): string[] {
  const names = text.split(",").map((name) => name.trim());
  if (names.includes("")) throw new UnitError("expected names between commas such as node3,node7");
  return [...new Set(names)];
}

function quantity(
  units: ReadonlyMap<string, number>,
  expected: string,
  keyOf = (unit: string) => unit.toLowerCase(),
): (text: string) => number {
  return (text) => {
    const [, number, unit = ""] = /^(\d+\.?\d*|\.\d+)\s*([a-z/]*)$/i.exec(text.trim()) ?? [];
    const value = Number(number) * (units.get(keyOf(unit)) ?? Number.NaN);
    if (!Number.isFinite(value)) throw new UnitError(`expected ${expected}`);
    return value;
  };
}

/** A percentage below 100, such as 10%, as a share. */
export function parsePercent(text: string): number {
  const value = Number(/^(\d+\.?\d*|\.\d+)%$/.exec(text.trim())?.[1]);
  if (!(value < 100)) throw new UnitError("expected a percentage below 100 such as 10%");
  return value / 100;
}
