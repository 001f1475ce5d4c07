/** What a man page is made of. */

/** A paragraph, or a list of what is so called and what it is. */
export type Block = string | { readonly list: readonly (readonly [string, string])[] };

/** A section of a man page. */
export interface ManualSection {
  readonly heading: string;
  readonly blocks: readonly Block[];
}
