/** What `recover` can be told of whether newer loads are worth a move. */
import { hardwarePresetNames } from "../formats/presets/index.ts";
import { parseCount } from "../formats/units.ts";
import { option, toggle } from "./option.ts";

export const worthOptions = {
  "if-worth": toggle({
    says: "With --profile alone: move only if shorter steps until the next review save more than transfers and regrouping take; otherwise the plan goes on as it is. Needs --model and --hardware.",
  }),
  "review-steps": option({
    argument: "N",
    fallback: "100",
    parse: parseCount(1),
    says: "Steps until the next review, for --if-worth.",
  }),
  hardware: option({
    words: hardwarePresetNames,
    argument: "NAME|FILE",
    parse: (text) => text,
    says: `What is trained on, for --if-worth: ${hardwarePresetNames.join(", ")}, or a JSON file like theirs.`,
  }),
};
