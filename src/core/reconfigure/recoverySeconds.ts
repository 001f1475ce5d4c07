/** Where the time of a recovery goes. */
import type { Reconfiguration } from "./reconfigure.ts";

/** What the time of a recovery depends on. */
export interface RecoverySpeed {
  /** Bytes of an expert's weights and optimiser state. */
  readonly expertBytes: number;
  /** Bytes per second that a node sends, and receives. */
  readonly bandwidth: number;
  /** Seconds until a failure is noticed, which a planned change need not be, and until new communication groups are formed. */
  readonly detectSeconds: number;
  readonly regroupSeconds: number;
}

/** Where the time of a recovery goes. */
export interface RecoverySeconds extends Pick<RecoverySpeed, "detectSeconds" | "regroupSeconds"> {
  readonly transferSeconds: number;
  /** Transfer time that no schedule of these arrivals from old owners can undercut. */
  readonly lowerBoundSeconds: number;
}

/** Seconds of a change, round by round. */
export function secondsOf({ rounds, lowerBoundRounds }: Reconfiguration, speed: RecoverySpeed): RecoverySeconds {
  const { expertBytes, bandwidth, detectSeconds, regroupSeconds } = speed;
  const roundSeconds = expertBytes / bandwidth;
  return {
    detectSeconds,
    regroupSeconds,
    transferSeconds: rounds * roundSeconds,
    lowerBoundSeconds: lowerBoundRounds * roundSeconds,
  };
}
