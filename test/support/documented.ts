/** README.md and the manual's pages of section 7 in one: tests run examples from there, wherever they stand. */
import { textsWithExamples } from "../../src/dev/textsWithExamples.ts";

export const documented = textsWithExamples()
  .flatMap(({ parts }) => parts.map(({ text }) => text))
  .join("");
