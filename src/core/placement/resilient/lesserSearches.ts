/** Searches that a search of a small cluster contains: with less effort, or within stricter limits. */
import { BALANCE_SLACK, EFFORTS, type Effort } from "../policy.ts";

/** Limits that looser ones contain; between them the law holds as far as searches find the same. */
const STRICTER = [BALANCE_SLACK, 0.05, 0.2] as const;

/** What a search does without. */
export interface LesserSearch {
  readonly effort: Effort;
  readonly balanceSlack: number;
}

/** Searches whose plans count as well, so that more effort or a looser limit survives no less: those with least effort first. */
export function lesserSearches({ effort, balanceSlack }: LesserSearch): LesserSearch[] {
  const stricter = STRICTER.filter((slack) => slack < balanceSlack);
  return [
    ...stricter.map((slack) => ({ effort: EFFORTS[0], balanceSlack: slack })),
    ...EFFORTS.slice(0, EFFORTS.indexOf(effort)).map((less) => ({ effort: less, balanceSlack })),
  ];
}
