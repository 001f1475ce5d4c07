/** Which tokens of a layer go where: the output of every dispatch policy. */

/** Tokens of one layer by expert, source rank and target rank; entry i is (expert[i], source[i], target[i], tokens[i]). */
export interface LayerDispatch {
  readonly ranks: number;
  readonly expert: Int32Array;
  readonly source: Int32Array;
  readonly target: Int32Array;
  /** Whole numbers above 0. */
  readonly tokens: Float64Array;
}

/** Collects the entries of a layer's dispatch in arrays that grow. */
export class DispatchBuilder {
  readonly #ranks: number;
  #length = 0;
  #expert: Int32Array;
  #source: Int32Array;
  #target: Int32Array;
  #tokens: Float64Array;

  /** @param expected entries that there is room for at first */
  constructor(ranks: number, expected: number) {
    this.#ranks = ranks;
    const room = Math.max(1, expected);
    this.#expert = new Int32Array(room);
    this.#source = new Int32Array(room);
    this.#target = new Int32Array(room);
    this.#tokens = new Float64Array(room);
  }

  /** Appends an entry; one without tokens is left out. */
  add(expert: number, source: number, target: number, tokens: number): void {
    if (tokens === 0) return;
    if (this.#length === this.#expert.length) this.#grow();
    const at = this.#length++;
    this.#expert[at] = expert;
    this.#source[at] = source;
    this.#target[at] = target;
    this.#tokens[at] = tokens;
  }

  /** The entries so far, in the order they were added. */
  build(): LayerDispatch {
    return {
      ranks: this.#ranks,
      expert: this.#expert.subarray(0, this.#length),
      source: this.#source.subarray(0, this.#length),
      target: this.#target.subarray(0, this.#length),
      tokens: this.#tokens.subarray(0, this.#length),
    };
  }

  #grow(): void {
    const capacity = this.#length * 2;
    const doubled = (old: Int32Array) => {
      const array = new Int32Array(capacity);
      array.set(old);
      return array;
    };
    this.#expert = doubled(this.#expert);
    this.#source = doubled(this.#source);
    this.#target = doubled(this.#target);
    const tokens = new Float64Array(capacity);
    tokens.set(this.#tokens);
    this.#tokens = tokens;
  }
}
