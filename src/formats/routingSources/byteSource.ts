/** A file of which parts are read where they are needed. */
export interface ByteSource {
  /** Name for messages. */
  readonly name: string;
  readonly byteLength: number;
  /** Bytes from `start` up to, not including, `end` (the file's end without it). */
  slice(start: number, end?: number): Promise<ArrayBuffer>;
}
