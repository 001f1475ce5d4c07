/**
 * What is recorded in files of torch.save: dumps of SGLang's expert distribution recorder, `{"logical_count": tensor}` (mode stat)
 * or `{"records": [{"forward_pass_id", "rank", "gatherer_key", "global_physical_count": tensor}], "last_physical_to_logical_map":
 * tensor}` (per_pass, per_token), and bare tensors of loads or lists of them.
 */
import { InputError } from "../../../errors.ts";
import type { PlanRow } from "../../plans/plan.ts";
import { LOGICAL, PHYSICAL, type RecordedCounts, recordedAbout } from "../sglang.ts";
import type { PhysicalToLogical } from "../source.ts";
import { type NumberArray, stepsOfArray } from "./numberArray.ts";
import { keysOf, type TorchFile, TorchTensor } from "./torchFile.ts";

const MAP = "last_physical_to_logical_map";

/** Whether a file holds a dump of SGLang's recorder, and not tensors alone. */
export function isRecorderDump({ value }: TorchFile): boolean {
  return value instanceof Map;
}

/** The counts of a dump, a record at a time. @throws InputError */
export async function* dumpedCounts(file: TorchFile): AsyncGenerator<RecordedCounts> {
  const value = file.value as ReadonlyMap<unknown, unknown>;
  const position = { file: file.name };
  if (value.has(LOGICAL)) {
    const array = await arrayIn(file, value.get(LOGICAL), LOGICAL);
    yield { ...recordedAbout({}, file.name), physical: false, steps: stepsOfArray(array, file.name) };
    return;
  }
  const records = value.get("records");
  if (!Array.isArray(records)) {
    throw new InputError(
      `its keys are ${keysOf(value)}; expected SGLang's ${LOGICAL} or records, or a tensor [layers][experts] or [steps][layers][experts] alone: save it so`,
      position,
    );
  }
  const map = value.has(MAP) ? await planIn(file, value.get(MAP)) : undefined;
  for (const [index, record] of records.entries()) {
    if (!(record instanceof Map)) throw new InputError(`records[${index}]: expected a dictionary; save it again`, position);
    const fields = record as ReadonlyMap<unknown, unknown>;
    const array = await arrayIn(file, fields.get(PHYSICAL), `records[${index}].${PHYSICAL}`);
    const about = recordedAbout(Object.fromEntries([...fields].filter(([key]) => typeof key === "string")), file.name);
    yield { ...about, physical: true, map, steps: stepsOfArray(array, file.name) };
  }
}

/** The tensor that a file holds alone, or those of its list. @throws InputError */
export async function* tensorsIn(file: TorchFile): AsyncGenerator<NumberArray> {
  const { value } = file;
  if (value instanceof TorchTensor) yield file.arrayOf(value, "the tensor");
  else if (Array.isArray(value) && value.length > 0)
    for (const [index, item] of value.entries()) yield arrayIn(file, item, `tensor [${index}]`);
  else {
    throw new InputError("it holds no tensor; expected [layers][experts] or [steps][layers][experts], or SGLang's dump", {
      file: file.name,
    });
  }
}

function arrayIn(file: TorchFile, value: unknown, name: string): Promise<NumberArray> {
  if (value instanceof TorchTensor) return file.arrayOf(value, name);
  throw new InputError(`${name} is no tensor; expected counts of tokens: save a tensor`, { file: file.name });
}

async function planIn(file: TorchFile, value: unknown): Promise<PhysicalToLogical> {
  const [layers = []] = stepsOfArray(await arrayIn(file, value, MAP), file.name);
  return { system: "sglang", rows: layers.map((slots, layer): PlanRow => ({ layer, slots: Array.from(slots) })) };
}
