/** Chunks of bytes to blocks of complete lines. */

/** Longest line that is kept while its end is awaited: more than the widest log needs, far less than memory. */
export const LONGEST_LINE_BYTES = 16 * 1024 * 1024;

const LINE_FEED = 10;

/** Joins the pieces of lines that span chunks. */
export class LineBlocks {
  private pending = new Uint8Array(64 * 1024);
  private pendingBytes = 0;
  private readonly refuseLongLine: () => Error;

  /** @param refuseLongLine makes the error for a line of more than LONGEST_LINE_BYTES that no chunk has ended yet */
  constructor(refuseLongLine: () => Error) {
    this.refuseLongLine = refuseLongLine;
  }

  /** The lines that a chunk completes, in blocks that end with a line feed. The chunk may be overwritten afterwards. */
  *complete(chunk: Uint8Array): Generator<Uint8Array> {
    let start = 0;
    if (this.pendingBytes > 0) {
      start = chunk.indexOf(LINE_FEED) + 1;
      this.keep(start > 0 ? chunk.subarray(0, start) : chunk);
      if (start === 0) return;
      yield this.takePending();
    }
    const end = chunk.lastIndexOf(LINE_FEED) + 1;
    if (end > start) yield chunk.subarray(start, end);
    this.keep(chunk.subarray(end));
  }

  /** The last line, when no line feed ends it, without one; empty otherwise. */
  rest(): Uint8Array {
    return this.takePending();
  }

  private keep(bytes: Uint8Array): void {
    const length = this.pendingBytes + bytes.length;
    if (length > LONGEST_LINE_BYTES) throw this.refuseLongLine();
    if (length > this.pending.length) {
      const larger = new Uint8Array(Math.max(length, 2 * this.pending.length));
      larger.set(this.pending.subarray(0, this.pendingBytes));
      this.pending = larger;
    }
    this.pending.set(bytes, this.pendingBytes);
    this.pendingBytes = length;
  }

  private takePending(): Uint8Array {
    const bytes = this.pending.subarray(0, this.pendingBytes);
    this.pendingBytes = 0;
    return bytes;
  }
}
