/** The states of a node that Slurm and Kubernetes print, and which of them mean that it does no work. */
import { InputError, quoteInput } from "../../errors.ts";

/**
 * Slurm's words, long and short (node_state_string of its sources): a node in one of these runs nothing, or is about to start
 * with empty memory.
 */
const DEAD = new Set(
  (
    "down error fail failing failg unknown unk not_responding no_respond powered_down powered_dn powering_down powring_dn " +
    "powering_up pow_up reboot_issued future futr"
  ).split(" "),
);
/** Slurm's other words: drained and draining nodes are alive, as are those that are only meant to go down. */
const ALIVE = new Set(
  (
    "idle allocated alloc mixed mix completing comp drain drained draining drng maint maintenance planned plnd reserved resv " +
    "reboot boot reboot_requested cancel_reboot canc_r power_down pow_dn power_up power_drain cloud blocked block external ext inval invalid " +
    "invalid_reg perfctrs npc resume resm undrain dynamic_future dynamic_norm"
  ).split(" "),
);
/** What may follow a word: not responding, powered off, powering up, powering down, reboot issued. */
const DEAD_MARKS = /[*~#%^]/;
const MARKS = /[*~#!%$@^-]+$/;

/** Words in the STATUS column of kubectl. */
const KUBERNETES: ReadonlyMap<string, boolean> = new Map([
  ["ready", false],
  ["notready", true],
  ["unknown", true],
  ["schedulingdisabled", false],
]);

/**
 * Whether a state such as `down*`, `MIXED+NOT_RESPONDING` or `IDLE+CLOUD` says that a node does no work.
 * @throws InputError for a word that is none of Slurm's
 */
export function slurmSaysDead(state: string, at: { file: string; line: number }): boolean {
  let dead = false;
  for (const part of state.split("+")) {
    if (part === "" && state !== "") continue; // ALLOCATED+: jobs end as well.
    const word = part.replace(MARKS, "").toLowerCase();
    if (!DEAD.has(word) && !ALIVE.has(word)) {
      throw new InputError(
        `${quoteInput(part)} is no state of a node that Slurm prints; print whole states, sinfo -N -o "%N %T"`,
        at,
      );
    }
    dead ||= DEAD.has(word) || DEAD_MARKS.test(part.slice(word.length));
  }
  return dead;
}

/**
 * Whether a status such as `NotReady,SchedulingDisabled` says that a node is not ready.
 * @throws InputError for a word that is none of kubectl's
 */
export function kubernetesSaysDead(status: string, at: { file: string; line: number }): boolean {
  return status
    .split(",")
    .map((word) => {
      const dead = KUBERNETES.get(word.toLowerCase());
      if (dead === undefined)
        throw new InputError(`${quoteInput(word)} is no status of a node; pass what kubectl get nodes -o json prints`, at);
      return dead;
    })
    .includes(true);
}
