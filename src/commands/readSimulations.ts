/** Simulations of earlier runs. */
import { InputError } from "../errors.ts";
import { wrongKind } from "../formats/csv/documentKind.ts";
import { checkSimulation, type SimulationDocument } from "../formats/documents/simulation.ts";
import { simulationsFromCsv } from "../formats/simulationCsv.ts";
import { readText } from "../io/input.ts";
import { documentsOf } from "./readDocuments.ts";
import { openJsonOrCsv } from "./readJsonOrCsv.ts";

/** Reads simulations, JSON one a line or CSV. @throws InputError */
export async function* readSimulations(file: string | undefined): AsyncGenerator<SimulationDocument> {
  const { format, kind, input } = await openJsonOrCsv(file);
  if (format === "json") yield* documentsOf(input, checkSimulation);
  else if (kind === undefined) {
    throw new InputError("these are no simulations, JSON or CSV; pass what `lazarus simulate` wrote", {
      file: input.name,
      line: 1,
    });
  } else if (kind !== "simulation") throw wrongKind(kind, "simulation", input.name);
  else yield* simulationsFromCsv(await readText(input), input.name);
}
