/** Dumps of SGLang's expert distribution recorder, read by `lazarus profile-load`. */
import { randomSource } from "../../core/algorithms/random.ts";
import { countTokens, drawRouting } from "./drawn.ts";
import { versions } from "./environment.ts";
import { readBack } from "./readBack.ts";
import { compared, type Outcome, type Workplace } from "./workplace.ts";

const [EXPERTS, LAYERS, PASSES, TOP_K] = [6, 3, 4, 2];
/** Experts of 8 slots, by layer. */
const location = [
  [0, 1, 2, 3, 4, 5, 0, 3],
  [5, 4, 3, 2, 1, 0, 0, 0],
  [0, 0, 1, 2, 2, 3, 4, 5],
];

/** Steps of a buffer that holds fewer than are recorded. */
const FULL = 3;

const modes = [
  { mode: "stat", buffer: -1, said: "" },
  { mode: "stat", buffer: 10, said: ", buffer of 10 steps for 4" },
  { mode: "stat", buffer: FULL, said: ", buffer of 3 steps for 4 (goes round)" },
  { mode: "per_pass", buffer: -1, said: "" },
  { mode: "per_token", buffer: -1, said: "" },
];

/** Two lines of the table for a mode with records of slots: by the map in the dump, and by a plan beside it. */
export function checkRecorder(work: Workplace): Outcome[] {
  const passes = drawRouting({ steps: PASSES, layers: LAYERS, k: TOP_K, limit: location[0]?.length ?? 0 }, randomSource(4));
  const loadsOf = (kept: typeof passes) => countTokens(kept, EXPERTS, (layer, slot) => location[layer]?.[slot] ?? 0);
  const physical = ["--physical-to-logical", work.file("location.json", JSON.stringify({ physical_to_logical_map: location }))];
  const answers = work.ask<{ file: string; keys: string[] }>(
    "sglang_recorder.py",
    modes.map(({ mode, buffer }) => ({ mode, buffer, rank: 0, location, experts: EXPERTS, passes })),
  );
  return answers.flatMap((answer, index) => {
    const { mode = "", buffer, said = "" } = modes[index] ?? {};
    const about = { peer: "sglang", version: versions.sglang, case: `recorder, ${mode}${said}` };
    if ("error" in answer) return [compared(about, answer.error)];
    const dumped = { loads: loadsOf(buffer === FULL ? passes.slice(-FULL) : passes) };
    const dump = readBack(work, about, answer.value.file, dumped);
    if (answer.value.keys.includes("logical_count")) return [dump];
    return [
      dump,
      readBack(work, { ...about, case: `${about.case}, by a plan` }, answer.value.file, { ...dumped, options: physical }),
    ];
  });
}
