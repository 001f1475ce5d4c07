/**
 * Python's pickles, as far as dictionaries, lists, tuples, numbers and texts go (protocol 2, which torch.save writes). A pickle
 * is a program for a stack machine that may name any function of Python and have it called: nothing is ever run here. Names
 * and calls are put to a `PickleNames`, which knows a few; whatever else a pickle may hold is refused by name.
 */
import { InputError, quoteInput } from "../../../errors.ts";

/** What names and calls in a pickle stand for. */
export interface PickleNames {
  /** A function or class; undefined for those that are not known. */
  readonly named: (module: string, name: string) => unknown;
  /** What a call gives; undefined where it is none that is known. */
  readonly called: (callable: unknown, words: readonly unknown[]) => unknown;
  /** What lies outside the pickle; undefined where it is not known. */
  readonly outside: (id: unknown) => unknown;
}

/** Operations that are refused, as Python's pickletools calls them. */
const refusedNames: Readonly<Record<number, string>> = {
  98: "BUILD",
  105: "INST",
  111: "OBJ",
  80: "PERSID",
  129: "NEWOBJ",
  130: "EXT1",
  131: "EXT2",
  132: "EXT4",
  146: "NEWOBJ_EX",
  147: "STACK_GLOBAL",
  143: "EMPTY_SET",
  66: "BINBYTES",
  67: "SHORT_BINBYTES",
};

/**
 * The value of a pickle: dictionaries as Map, lists and tuples as arrays.
 * @throws InputError when it is cut short, or does what is not known
 */
export function unpickled(bytes: Uint8Array, names: PickleNames, file: string): unknown {
  return new Unpickler(bytes, names, file).value();
}

class Unpickler {
  private readonly bytes: Uint8Array;
  private readonly view: DataView;
  private readonly names: PickleNames;
  private readonly file: string;
  private at = 0;
  private readonly stack: unknown[] = [];
  private readonly marks: number[] = [];
  private readonly memo = new Map<number, unknown>();

  constructor(bytes: Uint8Array, names: PickleNames, file: string) {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.names = names;
    this.file = file;
  }

  value(): unknown {
    for (;;) {
      const operation = this.byte();
      if (operation === 0x2e) return this.pop(); // STOP
      this.step(operation);
    }
  }

  private step(operation: number): void {
    const { stack, view } = this;
    switch (operation) {
      case 0x80: // PROTO
        if (this.byte() !== 2) throw this.wrong("it is of another protocol than 2", "save it without pickle_protocol");
        break;
      case 0x7d: // EMPTY_DICT
        stack.push(new Map());
        break;
      case 0x5d: // EMPTY_LIST
      case 0x29: // EMPTY_TUPLE
        stack.push([]);
        break;
      case 0x28: // MARK
        this.marks.push(stack.length);
        break;
      case 0x74: // TUPLE
        stack.push(this.popMark());
        break;
      case 0x85: // TUPLE1 to TUPLE3
      case 0x86:
      case 0x87: {
        const items = operation - 0x84;
        if (stack.length < items) throw this.damaged();
        stack.push(stack.splice(stack.length - items));
        break;
      }
      case 0x4e: // NONE
        stack.push(null);
        break;
      case 0x88: // NEWTRUE, NEWFALSE
      case 0x89:
        stack.push(operation === 0x88);
        break;
      case 0x4b: // BININT1
        stack.push(this.byte());
        break;
      case 0x4d: // BININT2
        stack.push(view.getUint16(this.take(2), true));
        break;
      case 0x4a: // BININT
        stack.push(view.getInt32(this.take(4), true));
        break;
      case 0x8a: // LONG1
        stack.push(this.long(this.byte()));
        break;
      case 0x47: // BINFLOAT
        stack.push(view.getFloat64(this.take(8)));
        break;
      case 0x58: // BINUNICODE
        stack.push(this.text(view.getUint32(this.take(4), true)));
        break;
      case 0x71: // BINPUT
        this.memo.set(this.byte(), stack.at(-1));
        break;
      case 0x72: // LONG_BINPUT
        this.memo.set(view.getUint32(this.take(4), true), stack.at(-1));
        break;
      case 0x68: // BINGET
        stack.push(this.remembered(this.byte()));
        break;
      case 0x6a: // LONG_BINGET
        stack.push(this.remembered(view.getUint32(this.take(4), true)));
        break;
      case 0x61: // APPEND
        this.append([this.pop()]);
        break;
      case 0x65: // APPENDS
        this.append(this.popMark());
        break;
      case 0x73: // SETITEM
        this.setItems([this.pop(), this.pop()].reverse());
        break;
      case 0x75: // SETITEMS
        this.setItems(this.popMark());
        break;
      case 0x63: // GLOBAL
        this.name(this.line(), this.line());
        break;
      case 0x52: // REDUCE
        this.call();
        break;
      case 0x51: // BINPERSID
        this.put(this.names.outside(this.pop()), "it refers to what lies outside the file in a way that is not known");
        break;
      default:
        throw this.wrong(
          `it has the operation ${refusedNames[operation] ?? `0x${operation.toString(16)}`}, which is not run here`,
        );
    }
  }

  private name(module: string, name: string): void {
    this.put(this.names.named(module, name), `it names ${quoteInput(`${module}.${name}`)}, which is not run here`);
  }

  private call(): void {
    const words = this.pop();
    const callable = this.pop();
    const found = Array.isArray(words) ? this.names.called(callable, words) : undefined;
    this.put(found, "it makes a call that is not known");
  }

  private put(found: unknown, otherwise: string): void {
    if (found === undefined) throw this.wrong(otherwise);
    this.stack.push(found);
  }

  private append(items: readonly unknown[]): void {
    const list = this.stack.at(-1);
    if (!Array.isArray(list)) throw this.damaged();
    for (const item of items) list.push(item);
  }

  private setItems(items: readonly unknown[]): void {
    const map = this.stack.at(-1);
    if (!(map instanceof Map) || items.length % 2 > 0) throw this.damaged();
    for (let i = 0; i < items.length; i += 2) map.set(items[i], items[i + 1]);
  }

  private remembered(index: number): unknown {
    const found = this.memo.get(index);
    if (found === undefined) throw this.damaged();
    return found;
  }

  private pop(): unknown {
    if (this.stack.length === 0 || this.stack.length === this.marks.at(-1)) throw this.damaged();
    return this.stack.pop();
  }

  private popMark(): unknown[] {
    const mark = this.marks.pop();
    if (mark === undefined) throw this.damaged();
    return this.stack.splice(mark);
  }

  /** A whole number in two's complement, least byte first. */
  private long(bytes: number): number {
    const start = this.take(bytes);
    let value = 0n;
    for (let i = bytes - 1; i >= 0; i--) value = (value << 8n) | BigInt(this.bytes[start + i]!);
    return Number(BigInt.asIntN(Math.max(1, 8 * bytes), value));
  }

  private line(): string {
    const end = this.bytes.indexOf(0x0a, this.at);
    if (end < 0) throw this.damaged();
    const text = this.text(end - this.at);
    this.at++;
    return text;
  }

  private text(bytes: number): string {
    const start = this.take(bytes);
    return new TextDecoder().decode(this.bytes.subarray(start, start + bytes));
  }

  private byte(): number {
    return this.bytes[this.take(1)]!;
  }

  /** Where the next bytes begin. */
  private take(bytes: number): number {
    const start = this.at;
    if (start + bytes > this.bytes.length) throw this.damaged();
    this.at += bytes;
    return start;
  }

  private damaged(): InputError {
    return this.wrong(`it breaks off or is damaged near byte ${this.at}`, "save it again");
  }

  private wrong(what: string, remedy = "save plain dictionaries, lists and tensors"): InputError {
    return new InputError(`in the file's pickle: ${what}; ${remedy}`, { file: this.file });
  }
}
