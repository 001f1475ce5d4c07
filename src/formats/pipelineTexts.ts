/** Workers, times and room for activations of a pipeline job as people type them. */
import type { PipelineWorker, StageTimes } from "../core/pipeline/pipelineJob.ts";
import { parseNameList, parseSeconds, UnitError } from "./units.ts";

/** Times of stages, and what they are in. */
export interface TypedStageTimes {
  /** One entry for all stages, or one a stage. */
  readonly stages: readonly StageTimes[];
  readonly unit: "seconds" | "units";
}

/** `F,Bi,Bw` for all stages, or one such for each between slashes; all with a unit of time, or all plain numbers. */
export function parseStageTimes(text: string): TypedStageTimes {
  const expected = "three times F,Bi,Bw such as 1,1,1 or 10ms,9ms,8ms, for each stage between slashes where they differ";
  const cells = text.split("/").map((stage) => stage.split(",").map((cell) => cell.trim()));
  const plain = cells.flat().filter(isPlain).length;
  if (cells.some(({ length }) => length !== 3)) throw new UnitError(`expected ${expected}`);
  const stages = cells.map((cell) => {
    const [forward, inputGradient, weightGradient] = cell.map((time) => {
      try {
        return isPlain(time) ? Number(time) : parseSeconds(time);
      } catch {
        throw new UnitError(`expected ${expected}`);
      }
    });
    return { forward: forward!, inputGradient: inputGradient!, weightGradient: weightGradient! };
  });
  if (plain > 0 && plain < cells.flat().length)
    throw new UnitError("expected a unit at each of the times, as in 10ms,9ms,8ms, or at none");
  if (stages.some(({ forward, inputGradient }) => forward === 0 || inputGradient === 0))
    throw new UnitError("expected a forward pass and an input gradient that take time; only Bw may be 0");
  return { stages, unit: plain > 0 ? "units" : "seconds" };
}

function isPlain(time: string): boolean {
  return /^(\d+\.?\d*|\.\d+)$/.test(time);
}

/** `1.2,0.3`: PIPELINE.STAGE, both from 0; each once. */
export function parsePipelineWorkers(text: string): PipelineWorker[] {
  return parseNameList(text).map((name) => {
    const [, pipeline, stage] = /^(\d{1,9})\.(\d{1,9})$/.exec(name) ?? [];
    if (pipeline === undefined)
      throw new UnitError("expected workers PIPELINE.STAGE between commas, both counted from 0, such as 1.2,0.3");
    return { pipeline: Number(pipeline), stage: Number(stage) };
  });
}

/** Activations that a worker may hold: `8`, or as many more than 1F1B's as `+2` says. */
export interface ActivationSlots {
  readonly count: number;
  readonly isExtra: boolean;
}

/** `8` or `+2`. */
export function parseActivationSlots(text: string): ActivationSlots {
  const [, plus, digits] = /^(\+?)(\d{1,9})$/.exec(text) ?? [];
  const count = Number(digits);
  if (digits === undefined || (plus === "" && count === 0))
    throw new UnitError("expected a whole number of at least 1, or +K for K more than 1F1B holds at each stage");
  return { count, isExtra: plus === "+" };
}
