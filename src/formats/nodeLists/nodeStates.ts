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
/** Words of nodes that work, and get nothing new: they can hand over what they hold. */
const LEAVING = new Set("drain drained draining drng".split(" "));
/** What may follow a word: not responding, powered off, powering up, powering down, reboot issued. */
const DEAD_MARKS = /[*~#%^]/;
const MARKS = /[*~#!%$@^-]+$/;

/**
 * What a cluster manager says of a node: it works, it works and gets nothing new (it is drained), or it does no work. An instance
 * with an interruption notice is given up, but can still hand over what it holds.
 */
export type NodeState = "up" | "drained" | "interrupted" | "down";

/** Words in the STATUS column of kubectl. */
const KUBERNETES: ReadonlyMap<string, NodeState> = new Map([
  ["ready", "up"],
  ["notready", "down"],
  ["unknown", "down"],
  ["schedulingdisabled", "drained"],
]);

/**
 * What a state such as `down*`, `MIXED+NOT_RESPONDING`, `IDLE+DRAIN` or `IDLE+CLOUD` says of a node.
 * @throws InputError for a word that is none of Slurm's
 */
export function slurmState(state: string, at: { file: string; line: number }): NodeState {
  let dead = false;
  let leaving = false;
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
    leaving ||= LEAVING.has(word);
  }
  return dead ? "down" : leaving ? "drained" : "up";
}

/**
 * What a status such as `NotReady,SchedulingDisabled` says of a node.
 * @throws InputError for a word that is none of kubectl's
 */
export function kubernetesState(status: string, at: { file: string; line: number }): NodeState {
  const states = status.split(",").map((word) => {
    const state = KUBERNETES.get(word.toLowerCase());
    if (state === undefined)
      throw new InputError(`${quoteInput(word)} is no status of a node; pass what kubectl get nodes -o json prints`, at);
    return state;
  });
  return (["down", "drained"] as const).find((state) => states.includes(state)) ?? "up";
}
