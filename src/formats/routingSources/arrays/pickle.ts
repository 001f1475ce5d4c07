/**
 * Python's pickles, as far as dictionaries, lists, tuples, numbers and texts go (protocol 2, which torch.save writes). A pickle
 * is a program for a stack machine that may name any function of Python and have it called: nothing is ever run here. Names
 * and calls are put to a `PickleNames`, which knows a few; whatever else a pickle may hold is refused by name.
 */
import { InputError, quoteInput } from "../../../errors.ts";
import { PickleBytes } from "./pickleBytes.ts";

/** What names and calls in a pickle stand for. */
export interface PickleNames {
  /** A function or class; undefined for those that are not known. */
  readonly named: (module: string, name: string) => unknown;
  /** What a call gives; undefined where it is none that is known. */
  readonly called: (callable: unknown, words: readonly unknown[]) => unknown;
  /** What lies outside the pickle; undefined where it is not known. */
  readonly outside: (id: unknown) => unknown;
}

/** Containers, entries and what is remembered or used again: what takes more memory here than in the file. */
const MOST_THINGS = 2_000_000;

/** Python puts a thousand items of a list on the stack at a time. */
const MOST_STACKED = 1 << 20;

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
  private readonly bytes: PickleBytes;
  private readonly names: PickleNames;
  private readonly file: string;
  private things = 0;
  private readonly stack: unknown[] = [];
  private readonly marks: number[] = [];
  private readonly memo = new Map<number, unknown>();

  constructor(bytes: Uint8Array, names: PickleNames, file: string) {
    this.bytes = new PickleBytes(bytes, () => this.damaged());
    this.names = names;
    this.file = file;
  }

  value(): unknown {
    for (;;) {
      const operation = this.bytes.byte();
      if (operation === 0x2e) return this.pop(); // STOP
      this.step(operation);
      if (this.stack.length > MOST_STACKED) throw this.wrong("it puts too much on its stack", "save it again");
    }
  }

  private step(operation: number): void {
    const { stack, bytes } = this;
    switch (operation) {
      case 0x80: // PROTO
        if (bytes.byte() !== 2) throw this.wrong("it is of another protocol than 2", "save it without pickle_protocol");
        break;
      case 0x7d: // EMPTY_DICT
        this.count();
        stack.push(new Map());
        break;
      case 0x5d: // EMPTY_LIST
      case 0x29: // EMPTY_TUPLE
        this.count();
        stack.push([]);
        break;
      case 0x28: // MARK
        this.count();
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
        this.count();
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
        stack.push(bytes.byte());
        break;
      case 0x4d: // BININT2
        stack.push(bytes.uint16());
        break;
      case 0x4a: // BININT
        stack.push(bytes.int32());
        break;
      case 0x8a: // LONG1
        stack.push(bytes.long(bytes.byte()));
        break;
      case 0x47: // BINFLOAT
        stack.push(bytes.float64());
        break;
      case 0x58: // BINUNICODE
        stack.push(bytes.text(bytes.uint32()));
        break;
      case 0x71: // BINPUT
        this.remember(bytes.byte());
        break;
      case 0x72: // LONG_BINPUT
        this.remember(bytes.uint32());
        break;
      case 0x68: // BINGET
        stack.push(this.remembered(bytes.byte()));
        break;
      case 0x6a: // LONG_BINGET
        stack.push(this.remembered(bytes.uint32()));
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
        this.name(bytes.line(), bytes.line());
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
    this.count();
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
    this.count(items.length / 2);
    for (let i = 0; i < items.length; i += 2) map.set(items[i], items[i + 1]);
  }

  private count(things = 1): void {
    this.things += things;
    if (this.things > MOST_THINGS)
      throw this.wrong(`it holds more than ${MOST_THINGS} lists, entries and tensors`, "record fewer passes a file");
  }

  private remember(index: number): void {
    this.count();
    this.memo.set(index, this.stack.at(-1));
  }

  private remembered(index: number): unknown {
    const found = this.memo.get(index);
    if (found === undefined) throw this.damaged();
    this.count();
    return found;
  }

  private pop(): unknown {
    if (this.stack.length === 0 || this.stack.length === this.marks.at(-1)) throw this.damaged();
    return this.stack.pop();
  }

  private popMark(): unknown[] {
    const mark = this.marks.pop();
    if (mark === undefined) throw this.damaged();
    this.count();
    return this.stack.splice(mark);
  }

  private damaged(): InputError {
    return this.wrong(`it breaks off or is damaged near byte ${this.bytes.at}`, "save it again");
  }

  private wrong(what: string, remedy = "save plain dictionaries, lists and tensors"): InputError {
    return new InputError(`in the file's pickle: ${what}; ${remedy}`, { file: this.file });
  }
}
