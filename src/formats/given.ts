/** A field that is there only when it has a value. */
export function given<K extends string, V>(value: V | undefined, name: K): { [P in K]?: V } {
  return value === undefined ? {} : ({ [name]: value } as { [P in K]: V });
}
