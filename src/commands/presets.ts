/** lazarus presets: the models and hardware that come with the program. */
import { stringify } from "csv-stringify/sync";
import { UsageError } from "../errors.ts";
import { hardwarePreset, hardwarePresetNames, modelPreset, modelPresetNames } from "../formats/presets/index.ts";
import type { Presets } from "../report/presetsTable.ts";
import { didYouMean } from "./closestWord.ts";
import { defineCommand } from "./command.ts";
import { outputOptions, type Renderers, writeDocuments } from "./writeDocuments.ts";

const names = [...modelPresetNames, ...hardwarePresetNames];

export const presets = defineCommand({
  name: "presets",
  summary: "list the models and hardware that come with the program, or print one",
  examples: [
    { says: "What --model and --hardware know", line: "lazarus presets" },
    { says: "A model of one's own, from one that is like it", line: "lazarus presets deepseek-v3 -o mine.json" },
  ],
  description: [
    "Lists the models and kinds of hardware that --model and --hardware of other commands know by name. With NAME, prints that one as JSON: copy it, change it, and give the file's name instead.",
    "Every file says where its figures are from (sources). What no maker publishes, such as checkpoint intervals and efficiencies, is called assumed there.",
  ],
  operand: "NAME",
  operandChoices: names,
  options: outputOptions,
  run: async (options, name) => {
    if (name !== undefined && !names.includes(name)) {
      const begun = names.filter((known) => known.startsWith(name));
      const hint =
        begun.length > 1 ? `; did you mean ${begun.join(" or ")}?` : didYouMean(name, names, "; `lazarus presets` lists them");
      throw new UsageError(`there is no preset "${name}"${hint}`);
    }
    if (name !== undefined && options.format !== undefined && options.format !== "json") {
      throw new UsageError(`--format ${options.format}: one preset is printed as JSON; leave NAME out for a table or CSV of all`);
    }
    const wanted = (name: string | undefined) => ({
      models: modelPresetNames.filter((other) => (name ?? other) === other).map((known) => modelPreset(known)!),
      hardware: hardwarePresetNames.filter((other) => (name ?? other) === other).map((known) => hardwarePreset(known)!),
    });
    const format = name === undefined ? options.format : "json";
    await writeDocuments({ ...options, format }, renderers(name !== undefined), (write) => write(wanted(name)));
    return 0;
  },
});

/** @param alone whether the one preset is printed as the file that it is */
function renderers(alone: boolean): Renderers<Presets> {
  return {
    check: () => undefined,
    json: ({ models, hardware }) =>
      alone
        ? [`${JSON.stringify(models[0] ?? hardware[0], null, 2)}\n`]
        : [`${JSON.stringify({ type: "presets", version: 1, models, hardware })}\n`],
    csv: async () => presetRows,
    table: async () => (await import("../report/presetsTable.ts")).presetsTable,
  };
}

/** CSV `kind,name,field,value,source`: a row a figure. */
function presetRows({ models, hardware }: Presets): string[] {
  const rows = (kind: string, spec: Presets["models"][number] | Presets["hardware"][number]) => {
    const sources = Object.entries(spec.sources ?? {}).flatMap(([fields, source]) =>
      fields.split(", ").map((field) => [field, source] as const),
    );
    const sourceOf = new Map(sources);
    return Object.entries(spec)
      .filter(([field]) => field !== "name" && field !== "sources")
      .map(([field, value]) => {
        const source = sourceOf.get(field) ?? sourceOf.get("architecture") ?? sourceOf.get("all") ?? "";
        return [kind, spec.name, field, typeof value === "object" ? JSON.stringify(value) : String(value), source];
      });
  };
  const all = [...models.map((spec) => rows("model", spec)), ...hardware.map((spec) => rows("hardware", spec))].flat();
  return [stringify([["kind", "name", "field", "value", "source"], ...all])];
}
