/** What the property over binary files tries: every byte changed, every length set to its extremes. */

/** What length fields are set to: little-endian, and as the variable-length numbers of Thrift. */
const extremes: readonly Buffer[] = [
  ...[1, 2, 4, 8].flatMap((bytes) => [Buffer.alloc(bytes, 0), Buffer.alloc(bytes, 0xff)]),
  Buffer.from([0xff, 0xff, 0xff, 0x7f]),
  Buffer.from([0, 0, 0, 0, 0, 0, 0x20, 0]),
  Buffer.from([0xff, 0xff, 0xff, 0xff, 0x07]),
  Buffer.from([0xfe, 0xff, 0xff, 0xff, 0x0f]),
  Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]),
];
const FLIPS = [0xff, 0x01, 0x80];

/** A damaged file and what was done to it. */
export interface DamagedFile {
  readonly bytes: Buffer;
  readonly what: string;
}

/** How many changes of each kind there are. */
export function countChanges(sample: Buffer): { readonly bytes: number; readonly lengths: number } {
  // Variable-length numbers: the bytes behind move on.
  return { bytes: sample.length * FLIPS.length, lengths: sample.length * extremes.length * 2 };
}

/** One byte changed: all its bits, the lowest or the highest. */
export function changedByte(sample: Buffer, change: number): DamagedFile {
  const at = Math.floor(change / FLIPS.length);
  const bytes = Buffer.from(sample);
  bytes[at]! ^= FLIPS[change % FLIPS.length]!;
  return { bytes, what: `byte ${at} is ${bytes[at]!.toString(16).padStart(2, "0")}` };
}

/** A length at its extremes, which takes the place of as many bytes or of one. */
export function extremeLength(sample: Buffer, change: number): DamagedFile {
  const at = Math.floor(change / 2 / extremes.length);
  const extreme = extremes[Math.floor(change / 2) % extremes.length]!;
  const what = `${extreme.toString("hex")} ${change % 2 === 0 ? "at" : "for the byte at"} ${at}`;
  if (change % 2 === 1) return { bytes: Buffer.concat([sample.subarray(0, at), extreme, sample.subarray(at + 1)]), what };
  const bytes = Buffer.from(sample);
  extreme.copy(bytes, at);
  return { bytes, what };
}

/** Some of a count of changes, evenly spread. */
export function spreadOver(count: number, few: number): number[] {
  const step = Math.max(1, count / few);
  return Array.from({ length: Math.min(count, Math.floor(count / step)) }, (_, i) => Math.floor(i * step));
}
