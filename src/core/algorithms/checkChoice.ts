/**
 * Choices from JavaScript, where no compiler looks at them.
 * @throws RangeError that names the choices, unless it is one of them or left out
 */
export function checkChoice(name: string, value: unknown, choices: readonly string[]): void {
  if (value === undefined || (typeof value === "string" && choices.includes(value))) return;
  const found = typeof value === "string" ? JSON.stringify(value) : String(value);
  throw new RangeError(`${name} is ${found}; expected one of ${choices.join(", ")}`);
}
