/** Arrays of numbers as they lie in files of NumPy and PyTorch, and the tokens in them. */
import { InputError } from "../../../errors.ts";
import { ID_LIMITS } from "../../routing/routingColumns.ts";

/** How numbers of a kind are read; those of 64 bits are exact below 2^53 and no safe whole number from there on. */
interface Kind {
  readonly bytes: number;
  readonly read: (view: DataView, at: number, little: boolean) => number;
}

const WORD = 2 ** 32;

/** Kinds of numbers. */
export const numberKinds = {
  int8: { bytes: 1, read: (view, at) => view.getInt8(at) },
  uint8: { bytes: 1, read: (view, at) => view.getUint8(at) },
  int16: { bytes: 2, read: (view, at, little) => view.getInt16(at, little) },
  uint16: { bytes: 2, read: (view, at, little) => view.getUint16(at, little) },
  int32: { bytes: 4, read: (view, at, little) => view.getInt32(at, little) },
  uint32: { bytes: 4, read: (view, at, little) => view.getUint32(at, little) },
  int64: {
    bytes: 8,
    read: (view, at, little) => view.getInt32(little ? at + 4 : at, little) * WORD + view.getUint32(little ? at : at + 4, little),
  },
  uint64: {
    bytes: 8,
    read: (view, at, little) =>
      view.getUint32(little ? at + 4 : at, little) * WORD + view.getUint32(little ? at : at + 4, little),
  },
  float16: { bytes: 2, read: (view, at, little) => halfFloat(view.getUint16(at, little)) },
  float32: { bytes: 4, read: (view, at, little) => view.getFloat32(at, little) },
  float64: { bytes: 8, read: (view, at, little) => view.getFloat64(at, little) },
  bfloat16: { bytes: 2, read: (view, at, little) => brainFloat(view.getUint16(at, little)) },
} as const satisfies Record<string, Kind>;

/** A kind of numbers. */
export type NumberKind = keyof typeof numberKinds;

/** An array of any dimensions. */
export interface NumberArray {
  /** What messages call it. */
  readonly name: string;
  readonly kind: NumberKind;
  readonly shape: readonly number[];
  /** Elements from one index to the next, by dimension. */
  readonly strides: readonly number[];
  /** The elements, the one of indices 0 first. */
  readonly data: DataView;
  readonly littleEndian: boolean;
}

/** Largest array that is taken into memory. */
export const MOST_ARRAY_BYTES = 1 << 29;

/**
 * Checks what an array claims to be before its bytes are read.
 * @throws InputError when it has no element, more than there is memory for, or dimensions that no loads have
 */
export function checkShape(name: string, shape: readonly number[], kind: NumberKind, file: string): void {
  const wrong = (what: string) => new InputError(`${name} ${what}`, { file });
  const said = `has shape [${shape.join(",")}]`;
  if (shape.length < 1 || shape.length > 3)
    throw wrong(`${said}; expected [experts], [layers][experts] or [steps][layers][experts]: save these dimensions alone`);
  if (shape.includes(0)) throw wrong(`${said}, which holds nothing; expected tokens: record some first`);
  const [layers = 1, experts = 1] = shape.length === 1 ? [1, shape[0]] : shape.slice(-2);
  if (layers > ID_LIMITS.layer || experts > ID_LIMITS.expert)
    throw wrong(`${said}; expected at most ${ID_LIMITS.layer} layers of at most ${ID_LIMITS.expert} experts, in this order`);
  const bytes = shape.reduce((product, length) => product * length, numberKinds[kind].bytes);
  if (bytes > MOST_ARRAY_BYTES)
    throw wrong(`${said}, ${bytes} bytes; expected at most ${MOST_ARRAY_BYTES >> 20} MiB: save it in parts and add up the steps`);
}

/**
 * Tokens by layer and expert, a step at a time: of [experts], [layers][experts] or [steps][layers][experts]. May be walked often.
 * @throws InputError when a number is no whole number of tokens below 2^53
 */
export function stepsOfArray(array: NumberArray, file: string): Iterable<Float64Array[]> {
  const { name, kind, shape, strides, data, littleEndian } = array;
  checkShape(name, shape, kind, file);
  const { bytes, read } = numberKinds[kind];
  const missing = 3 - shape.length;
  const [steps, layers, experts] = [...new Array<number>(missing).fill(1), ...shape] as [number, number, number];
  const [toStep, toLayer, toExpert] = [...new Array<number>(missing).fill(0), ...strides] as [number, number, number];
  const layerOf = (step: number, layer: number): Float64Array => {
    const loads = new Float64Array(experts);
    for (let expert = 0; expert < experts; expert++) {
      const tokens = read(data, bytes * (step * toStep + layer * toLayer + expert * toExpert), littleEndian);
      if (!Number.isSafeInteger(tokens) || tokens < 0) {
        const at = [step, layer, expert].slice(missing).join("][");
        throw new InputError(`${name}[${at}] is ${tokens}; expected a whole number of tokens below 2^53: save counts`, { file });
      }
      loads[expert] = tokens;
    }
    return loads;
  };
  return {
    *[Symbol.iterator]() {
      for (let step = 0; step < steps; step++) yield Array.from({ length: layers }, (_, layer) => layerOf(step, layer));
    },
  };
}

/** IEEE 754 binary16: a sign, 5 bits of exponent, 10 of fraction. */
function halfFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** The upper half of a binary32. */
function brainFloat(bits: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint16(0, bits);
  return view.getFloat32(0);
}
