/** lazarus schema: the JSON Schema of a document. */
import { UsageError } from "../errors.ts";
import { documentKinds, jsonSchema } from "../formats/documents/jsonSchema.ts";
import { openOutput } from "../io/output.ts";
import { didYouMean } from "./closestWord.ts";
import { defineCommand } from "./command.ts";

export const schema = defineCommand({
  name: "schema",
  summary: "print the JSON Schema of a document",
  examples: [
    { says: "What is in a placement?", line: "lazarus schema placement" },
    { says: "Check a document in CI with any validator", line: "lazarus schema recovery-plan > recovery-plan.schema.json" },
  ],
  description: [
    `Prints the JSON Schema (draft 2020-12) of one kind of document: ${documentKinds.join(", ")}. Documents may have more fields than these.`,
  ],
  operand: "DOCUMENT",
  operandChoices: documentKinds,
  options: {},
  run: async (_, wanted) => {
    const kind = documentKinds.find((name) => name === wanted);
    if (kind === undefined) {
      const hint = wanted === undefined ? "" : `, got "${wanted}"${didYouMean(wanted, documentKinds)}`;
      throw new UsageError(`the schema of which document? expected one of ${documentKinds.join(", ")}${hint}`);
    }
    await openOutput(undefined).write(`${JSON.stringify(jsonSchema(kind), null, 2)}\n`);
    return 0;
  },
});
