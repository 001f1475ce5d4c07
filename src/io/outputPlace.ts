/** Which file a name means, however it is spelt. */
import { fstatSync, lstatSync, readlinkSync, realpathSync, type Stats, statSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { IoError } from "../errors.ts";
import { isStandardStream } from "./input.ts";

/** Links that lead to each other have no end. */
const MOST_LINKS = 40;

/** A link keeps pointing where it points, be there a file or not yet; the file behind it is replaced. @throws IoError */
export function resolveLink(file: string): string {
  let target = file;
  for (let links = 0; links < MOST_LINKS; links++) {
    if (!lstatSync(target, { throwIfNoEntry: false })?.isSymbolicLink()) return target;
    target = resolve(dirname(target), readlinkSync(target));
  }
  throw new IoError(`cannot write ${file}: its links lead to each other; name another file`);
}

/** Names of two outputs that would go to one place; nothing where all differ. The file `-` is standard output. */
export function sameOutput(
  outputs: readonly { readonly name: string; readonly file: string }[],
): readonly [string, string] | undefined {
  const seen = new Map<string, string>();
  for (const { name, file } of outputs) {
    const place = placeOf(file);
    if (place === undefined) continue;
    const other = seen.get(place);
    if (other !== undefined) return [other, name];
    seen.set(place, name);
  }
  return undefined;
}

/** Whether an output goes to the very file that an input comes from, which is not a standard stream. */
export function isSameFile(input: string | undefined, output: string | undefined): boolean {
  if (isStandardStream(input) || isStandardStream(output)) return false;
  const places = [input as string, output as string].map((file) => ({ name: file, file }));
  return sameOutput(places) !== undefined;
}

/** Something that is equal for names of the same place; nothing for devices, which take whatever comes, and where nothing tells. */
function placeOf(file: string): string | undefined {
  try {
    const standard = isStandardStream(file);
    const found = standard ? fstatSync(1) : statSync(file, { throwIfNoEntry: false });
    if (found !== undefined && !found.isFile())
      return found.isCharacterDevice() && !isTerminal(standard) ? undefined : inode(found);
    if (found !== undefined) return inode(found);
    const target = resolve(resolveLink(file));
    return join(realpathSync(dirname(target)), basename(target));
  } catch {
    return undefined; // Writing it will say why.
  }
}

function isTerminal(standard: boolean): boolean {
  return standard && process.stdout.isTTY === true;
}

function inode({ dev, ino }: Stats): string {
  return `${dev}:${ino}`;
}
