/** What the search asks of a layer's table: what it costs that experts are hosted where they are. */
export interface LayerTable {
  /** Cost of the experts' host sets as they are now, from 0 on; in the unit of the objective. */
  readonly cost: number;
  /** The expert on these hosts changes for one with another number of tokens; 0 stands for no expert. */
  change(hosts: number, before: number, after: number): void;
  /** An expert's tokens go from one host set to another. */
  move(before: number, after: number, tokens: number): void;
}
