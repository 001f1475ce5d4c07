/** The subcommands, in the order in which data flows through them. Each is loaded only when it is asked for. */
import type { Command } from "./command.ts";

// A command's options are checked where it is defined; here only their common shape matters.
const load: Record<string, () => Promise<unknown>> = {
  place: async () => (await import("./place.ts")).place,
  recover: async () => (await import("./recover.ts")).recover,
};

/** Names of the subcommands. */
export const commandNames: readonly string[] = Object.keys(load);

/** The command of a name that is in `commandNames`. */
export async function loadCommand(name: string): Promise<Command> {
  return (await (load[name] as () => Promise<unknown>)()) as Command;
}
