/** Where the time of a recovery goes. */
import type { Reconfiguration } from "./reconfigure.ts";
import { type TierRates, type TierSeconds, tierSeconds } from "./tierSeconds.ts";

/** What the time of a recovery depends on. */
export interface RecoverySpeed {
  /** Bytes of an expert's weights and optimiser state. */
  readonly expertBytes: number;
  /** Bytes per second that a node sends, and receives. */
  readonly bandwidth: number;
  /** Seconds until a failure is noticed, which a planned change need not be, and until new communication groups are formed. */
  readonly detectSeconds: number;
  readonly regroupSeconds: number;
  /** Bytes per second of tiers that experts are restored from. */
  readonly rates?: TierRates | undefined;
}

/** Where the time of a recovery goes. */
export interface RecoverySeconds extends Pick<RecoverySpeed, "detectSeconds" | "regroupSeconds"> {
  readonly transferSeconds: number;
  /** Transfer time that no schedule of these arrivals from old owners can undercut. */
  readonly lowerBoundSeconds: number;
  /** When each tier is done, where experts are restored. */
  readonly tiers?: TierSeconds["tiers"];
}

/** Seconds of a change, round by round, and of what comes from below meanwhile. */
export function secondsOf(change: Reconfiguration, speed: RecoverySpeed): RecoverySeconds {
  const { transferSeconds, lowerBoundSeconds, tiers } = tierSeconds(change, speed);
  const { detectSeconds, regroupSeconds } = speed;
  return { detectSeconds, regroupSeconds, transferSeconds, lowerBoundSeconds, ...(change.restored && { tiers }) };
}
