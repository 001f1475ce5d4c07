/** Dispatchers as people name them. */
import { DISPATCHERS, type Dispatcher } from "../core/comparison/layerImbalance.ts";
import { parseNameList, UnitError } from "../formats/units.ts";
import { meantInstead } from "./closestWord.ts";
/** Dispatchers in a list; the optimum is always among them. */
export function parseDispatchers(text: string): Dispatcher[] {
  const named = parseNameList(text).map((name) => {
    const found = DISPATCHERS.find((dispatcher) => dispatcher === name);
    if (found !== undefined) return found;
    throw new UnitError(`expected dispatchers among ${DISPATCHERS.join(", ")}${meantInstead(name, DISPATCHERS)}`);
  });
  return DISPATCHERS.filter((dispatcher) => dispatcher === "optimal" || named.includes(dispatcher));
}
