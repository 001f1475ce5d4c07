/** What `recover` can be told of when newer loads are reason to move, and whether that is worth it. */
import type { Trigger } from "../core/rebalance/trigger.ts";
import { hardwarePresetNames } from "../formats/presets/index.ts";
import { parseCount, parseNumber } from "../formats/units.ts";
import { option, toggle } from "./option.ts";

export const triggerOption = {
  argument: "ratio:R|cv:V|every:N|gain",
  parse: parseTrigger,
} as const;

export const worthOptions = {
  "if-worth": toggle({
    says: "With --profile alone: move only if shorter steps until the next review save more than transfers and regrouping take; otherwise the plan goes on as it is. Needs --model and --hardware.",
  }),
  trigger: option({
    ...triggerOption,
    says: "With --profile alone: when to look for moves at all: when the busiest GPU has over R times the mean (as the mean of the layers, such as ratio:1.2), when the GPUs' loads spread by over V (standard deviation over mean, even shares, such as cv:0.08), N iterations after the last moves, or always, then as --if-worth (gain). Otherwise the plan goes on as it is.",
  }),
  hysteresis: option({
    argument: "FACTOR",
    fallback: "1",
    parse: parseNumber(1, 1000),
    says: "How many times its cost a move must gain with --if-worth; and how many times as uneven as it was at best since the last review a plan must be for --trigger ratio and cv.",
  }),
  cooldown: option({
    argument: "N",
    fallback: "0",
    parse: parseCount(0),
    says: "Iterations after moves in which --trigger finds no reason for others.",
  }),
  follow: toggle({
    says: "With --if-worth or --trigger: --profile is a series that goes on, such as what profile-load --follow writes. With -o, FILE holds the newest plan after every decision; where it is the plan itself, a program that was stopped goes on from there: loads that were decided on are left out.",
  }),
  "review-steps": option({
    argument: "N",
    fallback: "100",
    parse: parseCount(1),
    says: "Steps until the next review, for --if-worth.",
  }),
  overlap: option({
    argument: "PART",
    fallback: "0",
    parse: parseNumber(0, 1),
    says: "Part of the transfers, from 0 to 1, that goes on beside the steps and costs nothing, for --if-worth.",
  }),
  hardware: option({
    words: hardwarePresetNames,
    argument: "NAME|FILE",
    parse: (text) => text,
    says: `What is trained on, for --if-worth and, with --model, to judge the moves of flexmoe and fewest-moves by the time that a layer takes: ${hardwarePresetNames.join(", ")}, or a JSON file like theirs.`,
  }),
};

/** The rule as it was typed. */
export function triggerText(trigger: Trigger): string {
  if (trigger.kind === "gain") return trigger.kind;
  return `${trigger.kind}:${trigger.kind === "every" ? trigger.iterations : trigger.above}`;
}

function parseTrigger(text: string): Trigger {
  const expected = "expected ratio:R, cv:V, every:N or gain, such as ratio:1.2";
  if (text === "gain") return { kind: "gain" };
  const [, kind, figure] = /^(ratio|cv|every):(.+)$/.exec(text) ?? [];
  try {
    if (kind === "ratio") return { kind, above: parseNumber(1, 1000)(figure!) };
    if (kind === "cv") return { kind, above: parseNumber(0, 1000)(figure!) };
    if (kind === "every") return { kind, iterations: parseCount(1)(figure!) };
  } catch (error) {
    throw new Error(`${expected}; ${(error as Error).message}`);
  }
  throw new Error(expected);
}
