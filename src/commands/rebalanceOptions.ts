/** What `recover` can be told of rebalancing. */
import { BALANCE_SLACK } from "../core/placement/policy.ts";
import { REBALANCING_POLICIES } from "../core/rebalance/rebalance.ts";
import { parseNumber } from "../formats/units.ts";
import { option } from "./option.ts";

/** FlexMoE's. */
export const USUAL_THRESHOLD = 1.2;

export const rebalanceOptions = {
  "balance-threshold": option({
    argument: "RATIO",
    parse: parseNumber(1, 1000),
    says: `With an incremental policy (${REBALANCING_POLICIES.join(", ")}; place --from): busiest GPU over the mean, above which a layer is touched. Default: ${USUAL_THRESHOLD}, FlexMoE's; ${1 + BALANCE_SLACK} for place --from by resilient and balanced.`,
  }),
  "least-gain": option({
    argument: "RATIO",
    parse: parseNumber(0, 1000),
    says: "Likewise, but for flexmoe: what every copy that is fetched must take off a layer's ratio. Default: 0, anything.",
  }),
};
