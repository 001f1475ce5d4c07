/** Text from outside where a person reads it: nothing in it may steer a terminal, forge a line, or turn letters round. */

/**
 * Controls (C0, DEL, C1), formats (bidirectional and zero-width marks), line and paragraph separators, halves of surrogate
 * pairs, and what XML forbids.
 */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\ufffe\uffff]/u;
const EACH = new RegExp(UNPRINTABLE, "gu");
/** What nearly all texts are, found quickly. */
const PLAIN = /^[ -~]*$/;

/** Whether a text has characters that do not show, or steer what shows. */
export function isPrintable(text: string): boolean {
  return PLAIN.test(text) || !UNPRINTABLE.test(text);
}

/** The same text on one line, with escapes in place of what does not show: for everything that is not data. */
export function cleanText(text: string): string {
  if (PLAIN.test(text)) return text;
  return text.replace(EACH, (character) => {
    if (character === "\n") return "\\n";
    const code = character.codePointAt(0) as number;
    return code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, "0")}`;
  });
}

/** A document or chart with every text in it clean; objects of classes and long lists of numbers stay as they are. */
export function cleanTexts<T>(value: T): T {
  if (typeof value === "string") return cleanText(value) as T;
  if (Array.isArray(value)) return (typeof value[0] === "number" ? value : value.map(cleanTexts)) as T;
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [cleanText(key), cleanTexts(entry)])) as T;
}

/** JSON text without raw characters that steer a terminal: JSON has escapes for them, and stands for the same value. */
export function cleanJson(json: string): string {
  if (PLAIN.test(json)) return json;
  return json.replace(EACH, (character) =>
    Array.from({ length: character.length }, (_, i) => `\\u${character.charCodeAt(i).toString(16).padStart(4, "0")}`).join(""),
  );
}
