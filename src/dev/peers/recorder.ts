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

const modes = [
  { mode: "stat", buffer: -1, said: "" },
  { mode: "stat", buffer: 10, said: ", buffer of 10 steps for 4" },
  { mode: "per_pass", buffer: -1, said: "" },
  { mode: "per_token", buffer: -1, said: "" },
];

/** The man page's way to JSON, for dumps of logical counts. */
const TO_JSON =
  'import json, sys, torch; [print(json.dumps({"logical_count": step.tolist()})) for step in torch.load(sys.argv[1], map_location="cpu")["logical_count"]]';

/** One line of the table for each mode, and the man page's line. */
export function checkRecorder(work: Workplace): Outcome[] {
  const passes = drawRouting({ steps: PASSES, layers: LAYERS, k: TOP_K, limit: location[0]?.length ?? 0 }, randomSource(4));
  const loads = countTokens(passes, EXPERTS, (layer, slot) => location[layer]?.[slot] ?? 0);
  const physical = ["--physical-to-logical", work.file("location.json", JSON.stringify({ physical_to_logical_map: location }))];
  const answers = work.ask<{ file: string; keys: string[] }>(
    "sglang_recorder.py",
    modes.map(({ mode, buffer }) => ({ mode, buffer, rank: 0, location, experts: EXPERTS, passes })),
  );
  return answers.flatMap((answer, index) => {
    const { mode = "", said = "" } = modes[index] ?? {};
    const about = { peer: "sglang", version: versions.sglang, case: `recorder, ${mode}${said}` };
    if ("error" in answer) return [compared(about, answer.error)];
    const logical = answer.value.keys.includes("logical_count");
    const dump = readBack(work, about, answer.value.file, {
      loads,
      options: logical ? [] : physical,
      mayRefuse: /file of PyTorch/,
    });
    if (!logical) return [dump];
    const json = work.file(`recorder${index}.json`, work.python("-c", TO_JSON, answer.value.file));
    return [dump, readBack(work, { ...about, case: `${about.case}, by the man page's line` }, json, { loads })];
  });
}
