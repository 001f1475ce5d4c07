/** Models and hardware that come with the program, as a person reads them. */
import type { HardwareSpec } from "../core/cost/hardwareSpec.ts";
import { modelSize } from "../core/cost/modelSize.ts";
import type { ModelSpec } from "../core/cost/modelSpec.ts";
import type { Paint } from "./paint.ts";
import { wrapped } from "./screen.ts";
import { fixed, textTable } from "./table.ts";

/** What comes with the program. */
export interface Presets {
  readonly models: readonly ModelSpec[];
  readonly hardware: readonly HardwareSpec[];
}

/** Two tables: models, then hardware. */
export function presetsTable({ models, hardware }: Presets, paint: Paint, width: number): string {
  const named = (heads: readonly string[]) => [{ head: "name", align: "left" as const }, ...heads.map((head) => ({ head }))];
  const modelRows = models.map((model) => [
    model.name,
    String(model.layers),
    model.architecture === "gpt" ? "" : String(model.denseLayers),
    String(model.experts),
    String(model.topK),
    String(model.hidden),
    `${fixed(modelSize(model).expert / 1e6, 1)} M`,
    `${fixed(modelSize(model).total / 1e9, 1)} B`,
  ]);
  const hardwareRows = hardware.map((machine) => [
    machine.name,
    String(machine.gpusPerNode),
    fixed(machine.fp16Flops / 1e12, 0),
    machine.fp8Flops === undefined ? "" : fixed(machine.fp8Flops / 1e12, 0),
    machine.memoryBytesPerSecond === undefined ? "" : fixed(machine.memoryBytesPerSecond / 1e12, 2),
    fixed(machine.serverBytesPerSecond / 1e9, 1),
    fixed(machine.networkBytesPerSecond / 1e9, 1),
  ]);
  return [
    paint.bold("Models"),
    textTable(named(["MoE layers", "dense", "experts", "top-k", "hidden", "an expert", "all"]), modelRows, paint),
    paint.bold("Hardware"),
    textTable(named(["GPUs", "TFLOP/s 16 bit", "8 bit", "memory TB/s", "node GB/s", "net GB/s"]), hardwareRows, paint),
    wrapped(
      "`lazarus presets NAME` prints one as JSON, with the source of every figure: copy it, change it, and name the file instead.",
      width,
    ),
  ].join("\n\n");
}
