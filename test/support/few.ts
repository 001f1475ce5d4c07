/** How many cases of a costly property `npm cit` draws, which has minutes for all of them; `npm run fuzz` draws twenty times as many. */
export function few(numRuns: number): { readonly numRuns: number } {
  return { numRuns: process.env["FUZZ_RUNS"] === undefined ? numRuns : 20 * numRuns };
}
