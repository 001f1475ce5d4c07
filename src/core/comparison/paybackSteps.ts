/**
 * Steps after which a shorter step has made up for the seconds that moving took; nothing where the step is not shorter.
 * @param moving seconds of all rounds, in each of which a node sends and receives one replica at most
 * @param before seconds of a step under the first plan
 * @param after seconds of a step after the moves
 */
export function paybackSteps(moving: number, before: number, after: number): number | undefined {
  return after < before ? Math.ceil(moving / (before - after)) : undefined;
}
