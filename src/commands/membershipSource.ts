/** What failure options come to. */
import type { RandomSource } from "../core/algorithms/random.ts";
import type { Membership } from "../core/simulation/membership.ts";

/** Where the nodes of a job come from. */
export interface MembershipSource {
  /** How it is echoed. */
  readonly parameters: Readonly<Record<string, string | number>>;
  readonly membership: (random: RandomSource) => Membership;
  /** Mean time between two failures, where the parameters say it beforehand. */
  readonly secondsBetweenFailures?: number;
  /** Whether the parameters say that nodes fail one by one. */
  readonly areIndependent?: boolean;
}
