/** Neighbours put together where there are too many to see. */

/** Neighbours that are drawn as one. */
export interface Group {
  /** First and last of them, both included. */
  readonly from: number;
  readonly to: number;
}

/** As few neighbours together as make at most so many groups, all of one size but for the last. */
export function groups(count: number, most: number): Group[] {
  const size = Math.max(1, Math.ceil(count / most));
  return Array.from({ length: Math.ceil(count / size) }, (_, i) => ({ from: i * size, to: Math.min(count, (i + 1) * size) - 1 }));
}

/** Number of one, or first and last of several. */
export function groupName({ from, to }: Group): string {
  return from === to ? String(from) : `${from}–${to}`;
}

/** Sum over the members of a group. */
export function sumOver({ from, to }: Group, amount: (member: number) => number): number {
  let sum = 0;
  for (let member = from; member <= to; member++) sum += amount(member);
  return sum;
}
