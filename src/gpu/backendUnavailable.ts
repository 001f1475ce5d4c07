import { MachineError } from "../errors.ts";

/** A backend that does not work here: why, and what would help. */
export class BackendUnavailable extends MachineError {
  override readonly name = "BackendUnavailable";
  readonly reason: string;
  readonly remedy: string;

  constructor(reason: string, remedy: string) {
    const onOneLine = reason.replace(/\s+/g, " ").trim();
    super(`${onOneLine}; ${remedy}`);
    this.reason = onOneLine;
    this.remedy = remedy;
  }
}
