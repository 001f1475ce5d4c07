/**
 * A request that is well formed and cannot be met: experts that do not fit into the slots, nodes that a policy cannot use, a
 * job that never ends. What asked has to change, not the program; any other RangeError is a broken precondition.
 */
export class Infeasible extends RangeError {
  override readonly name: string = "Infeasible";
  /** Which part of the request to change, where it is one part. */
  readonly about?: string;

  constructor(message: string, about?: string) {
    super(message);
    if (about !== undefined) this.about = about;
  }
}
