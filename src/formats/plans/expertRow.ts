/** One row of expert ids in a foreign plan. */
import { InputError } from "../../errors.ts";
import { shownValue } from "../shownValue.ts";

/**
 * Checks that a parsed value is a list of expert ids.
 * @param where the place in the file, for the message
 * @param least -1 where slots may have no expert
 * @throws InputError
 */
export function expertRow(value: unknown, where: string, file: string, least: 0 | -1 = 0): number[] {
  if (!Array.isArray(value)) throw new InputError(`${where}: expected a list of expert ids, one a slot`, { file });
  const odd = value.findIndex((id) => !Number.isSafeInteger(id) || id < least);
  if (odd >= 0) {
    throw new InputError(`${where}[${odd}]: expected an expert id, a whole number from ${least}, got ${shownValue(value[odd])}`, {
      file,
    });
  }
  return value as number[];
}
