/** The numbers and texts in a pickle, one after the other. */
export class PickleBytes {
  /** The byte that comes next. */
  at = 0;
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private readonly ended: () => Error;

  /** @param ended what is thrown when bytes are missing */
  constructor(bytes: Uint8Array, ended: () => Error) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.ended = ended;
  }

  byte(): number {
    return this.bytes[this.take(1)]!;
  }

  uint16(): number {
    return this.view.getUint16(this.take(2), true);
  }

  uint32(): number {
    return this.view.getUint32(this.take(4), true);
  }

  int32(): number {
    return this.view.getInt32(this.take(4), true);
  }

  float64(): number {
    return this.view.getFloat64(this.take(8));
  }

  /** A whole number of so many bytes in two's complement, least byte first. */
  long(bytes: number): number {
    const start = this.take(bytes);
    let value = 0n;
    for (let i = bytes - 1; i >= 0; i--) value = (value << 8n) | BigInt(this.bytes[start + i]!);
    return Number(BigInt.asIntN(8 * bytes, value));
  }

  text(bytes: number): string {
    const start = this.take(bytes);
    return new TextDecoder().decode(this.bytes.subarray(start, start + bytes));
  }

  /** A text up to the end of its line. */
  line(): string {
    const end = this.bytes.indexOf(0x0a, this.at);
    if (end < 0) throw this.ended();
    const text = this.text(end - this.at);
    this.at++;
    return text;
  }

  private take(bytes: number): number {
    const start = this.at;
    if (start + bytes > this.bytes.length) throw this.ended();
    this.at += bytes;
    return start;
  }
}
