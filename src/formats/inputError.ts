export { InputError, type InputPosition, quoteInput } from "../errors.ts";
