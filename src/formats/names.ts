/** What names in files may look like: they end in tables, in terminals and in spreadsheets. */
import { isPrintable } from "../cleanText.ts";
import { InputError, type InputPosition, quoteInput } from "../errors.ts";

/** Longest name that DNS knows. */
const LONGEST_NAME = 253;

/** What to say of a name that is none. */
export const NAME_EXPECTED = `a name of at most ${LONGEST_NAME} characters that begins with a letter or digit, without control or bidirectional characters`;
/** What to say of a word that cannot be shown. */
export const LABEL_EXPECTED =
  "a text that begins with none of = + - @, without control or bidirectional characters, of at most 1000 characters";

/** Whether a node or domain may be called so. A first character such as = would make a formula of a spreadsheet's cell. */
export function isName(text: string): boolean {
  return text.length <= LONGEST_NAME && /^[\p{L}\p{N}_]/u.test(text) && isPrintable(text);
}

/** Whether a text may stand in a table or a cell as it is. */
export function isLabel(text: string): boolean {
  return text.length <= 1000 && !/^[=+\-@]/.test(text) && isPrintable(text);
}

/**
 * A name as it is.
 * @param what whose name it is, for the message
 * @throws InputError
 */
export function checkedName(name: string, what: string, at: InputPosition): string {
  if (isName(name)) return name;
  throw new InputError(`${what}: expected ${NAME_EXPECTED}, got ${quoteInput(name)}`, at);
}
