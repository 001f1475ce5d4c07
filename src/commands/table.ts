/** The subcommands, in the order in which data flows through them. Each is loaded only when it is asked for. */
import type { Command } from "./command.ts";

// A command's options are checked where it is defined; here only their common shape matters.
const load: Record<string, () => Promise<unknown>> = {
  "profile-load": async () => (await import("./profileLoad.ts")).profileLoad,
  place: async () => (await import("./place.ts")).place,
  "dispatch-plan": async () => (await import("./dispatchPlan.ts")).dispatchPlan,
  recover: async () => (await import("./recover.ts")).recover,
  compare: async () => (await import("./compare.ts")).compare,
  "pipeline-plan": async () => (await import("./pipelinePlan.ts")).pipelinePlan,
  simulate: async () => (await import("./simulate.ts")).simulate,
  bench: async () => (await import("./bench.ts")).bench,
  presets: async () => (await import("./presets.ts")).presets,
  schema: async () => (await import("./schema.ts")).schema,
  completion: async () => (await import("./completion.ts")).completion(allCommands),
};

/** Names of the subcommands. */
export const commandNames: readonly string[] = Object.keys(load);

/** The command of a name that is in `commandNames`. */
export async function loadCommand(name: string): Promise<Command> {
  return (await load[name]!()) as Command;
}

/** All commands. */
export async function allCommands(): Promise<Command[]> {
  return Promise.all(commandNames.map(loadCommand));
}
