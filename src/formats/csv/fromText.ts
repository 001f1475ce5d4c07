/** Documents in CSV texts that are held whole; the commands read theirs piece by piece. */
import type { LoadProfile } from "../../core/profile/loadProfile.ts";
import type { PlacementDocument } from "../documents/placement.ts";
import { DispatchRows, type DispatchTable } from "./dispatchRows.ts";
import { LoadWindows } from "./loadWindows.ts";
import { PlacementRows } from "./placementRows.ts";
import { type TableReader, tableDocuments } from "./tableRows.ts";

/** Placements in a CSV, one a window. @throws InputError with the line */
export async function placementsFromCsv(text: string, file: string): Promise<PlacementDocument[]> {
  const plans = await all(text, file, (names) => new PlacementRows(names, file));
  return plans.map(({ placement }) => placement);
}

/** Dispatch plans in a CSV, one a window. @throws InputError with the line */
export function dispatchesFromCsv(text: string, file: string): Promise<DispatchTable[]> {
  return all(text, file, (names) => new DispatchRows(names, file));
}

/** Load-profiles of several windows in a CSV. @throws InputError with the line */
export function loadProfilesFromCsv(text: string, file: string): Promise<LoadProfile[]> {
  return all(text, file, (names) => new LoadWindows(names, file, { byRank: false }));
}

async function all<T>(text: string, file: string, open: (names: readonly string[]) => TableReader<T>): Promise<T[]> {
  const pieces = async function* () {
    yield text;
  };
  const documents: T[] = [];
  for await (const document of tableDocuments(pieces(), file, open)) documents.push(document);
  return documents;
}
