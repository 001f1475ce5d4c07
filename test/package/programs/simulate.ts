import {
  busiestExperts,
  type Job,
  loadSchedule,
  type Membership,
  type RunResult,
  simulateTrial,
  trainingSystem,
  usualPolicy,
} from "lazarus-moe";
import { checkLoadProfile, hardwarePreset, modelPreset } from "lazarus-moe/formats";

/** An hour of a job on ten nodes, of which two fail when the program says so. */
export function simulate(profile: string): RunResult[] {
  const { layers } = checkLoadProfile(JSON.parse(profile), "profile.json");
  const [model, hardware] = [modelPreset("gpt-l"), hardwarePreset("rtx3090")];
  if (model === undefined || hardware === undefined) throw new Error("no such preset");
  // The log has fewer layers than the model, and may have more experts.
  const kept = layers.map((layer) => busiestExperts(layer.loads, model.experts));
  const loads = loadSchedule([Array.from({ length: model.layers }, (_, layer) => kept[layer % kept.length] ?? [])], 1);
  const job: Job = { model, hardware, loads, gradientAccumulation: 1, seconds: 3600, samples: Number.POSITIVE_INFINITY };
  const membership = (): Membership => ({
    initial: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
    changes: [
      { seconds: 600, event: "remove", node: 3 },
      { seconds: 1800, event: "remove", node: 7 },
    ],
  });
  const contestants = (["lazarus", "ds"] as const).map((name) => ({
    system: trainingSystem(name, job),
    policy: usualPolicy(name, model, 200),
  }));
  return simulateTrial({ job, contestants, membership }, 0);
}
