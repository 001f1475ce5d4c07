import { LoadProfiler } from "lazarus-moe";
import { loadProfileDocument, readRoutingSteps } from "lazarus-moe/formats";

/** A routing log to the load-profile of its last five iterations. */
export async function profile(log: AsyncIterable<Uint8Array>): Promise<string> {
  const profiler = new LoadProfiler({ window: { kind: "last", iterations: 5 }, method: { kind: "mean" } });
  for await (const step of readRoutingSteps(log, { file: "routing.csv" })) profiler.add(step);
  const [found] = profiler.finish();
  if (found === undefined) throw new Error("the log is empty");
  return JSON.stringify(loadProfileDocument(found));
}
