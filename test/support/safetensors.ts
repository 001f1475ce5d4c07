/** Files of counts as TensorRT-LLM writes them. */

/** A safetensors file: the header's length, the header, the counts. */
export function safetensors(
  tensors: Record<string, number[]>,
  change: (header: Record<string, unknown>) => void = () => {},
): Buffer {
  let offset = 0;
  const header: Record<string, unknown> = { __metadata__: { format: "pt" } };
  for (const [name, counts] of Object.entries(tensors)) {
    header[name] = { dtype: "I64", shape: [counts.length], data_offsets: [offset, offset + 8 * counts.length] };
    offset += 8 * counts.length;
  }
  change(header);
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([
    length,
    text,
    ...Object.values(tensors).map((counts) => Buffer.from(BigInt64Array.from(counts, BigInt).buffer)),
  ]);
}
