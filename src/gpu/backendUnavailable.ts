/** A backend that does not work here: why, and what would help. */
export class BackendUnavailable extends Error {
  override readonly name = "BackendUnavailable";
  readonly remedy: string;

  constructor(reason: string, remedy: string) {
    super(reason.replace(/\s+/g, " ").trim());
    this.remedy = remedy;
  }
}
