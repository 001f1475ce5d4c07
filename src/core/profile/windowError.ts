import { Infeasible } from "../layout/infeasible.ts";

/** A log whose iterations do not make the profile that was asked for: the user's data, not a bug. */
export class WindowError extends Infeasible {
  override readonly name = "WindowError";
  /** The iteration and layer at fault, where there is one. */
  readonly iteration?: number;
  readonly layer?: number;

  constructor(message: string, at: { readonly iteration?: number; readonly layer?: number } = {}) {
    super(message);
    if (at.iteration !== undefined) this.iteration = at.iteration;
    if (at.layer !== undefined) this.layer = at.layer;
  }
}
