/** Which cell hosts which experts of a layer, so that the cells' loads are even. */

/** What fits into each cell; shapes [cells]. */
export interface CellRoom {
  /** What a cell's load is measured against. */
  readonly gpus: readonly number[];
  /** Each node can give one GPU to an expert. */
  readonly nodes: readonly number[];
  /** Most experts that the cell can host. */
  readonly positions: readonly number[];
}

/** An expert, or the part of it that one cell computes. */
export interface ExpertPart {
  readonly expert: number;
  /** Whole tokens. */
  readonly load: number;
}

/** Experts of one layer by cell. */
export interface PackedLayer {
  /** Shape [cells][parts of the cell]; the parts of one expert are in different cells. */
  readonly cells: readonly (readonly ExpertPart[])[];
  /**
   * Load per GPU of the busiest cell over the mean; or what its hosts' GPUs take on of a single expert, where that is more (a node
   * holds an expert once).
   */
  readonly balance: number;
}

/** Exchanges tried to relieve the busiest cell. */
const EXCHANGES = 64;

/**
 * Packs the experts of a layer into cells, largest first, each into the cell with the least load per GPU. As long as a cell
 * exceeds the limit and there are positions to spare, its largest expert is split over one cell more. Heuristic.
 * @param loads tokens of each expert, whole numbers, shape [experts]; at most as many as positions
 * @param limit on a cell's load per GPU over the mean
 */
export function packExperts(loads: readonly number[], room: CellRoom, limit: number): PackedLayer {
  const cells = room.gpus.length;
  let spare = room.positions.reduce((sum, count) => sum + count, 0) - loads.length;
  const mean = loads.reduce((sum, load) => sum + load, 0) / room.gpus.reduce((sum, count) => sum + count, 0);
  const largestPart = limit * mean * Math.min(...room.gpus, ...room.nodes);
  const pieces = loads.map((load) => {
    const wanted = load > largestPart ? Math.min(cells, Math.ceil(load / largestPart)) : 1;
    const given = Math.min(wanted, 1 + spare);
    spare -= given - 1;
    return given;
  });
  for (let best: PackedLayer | undefined; ; spare--) {
    const packed = packPieces(loads, pieces, room, limit);
    if (best === undefined || packed.balance < best.balance) best = packed;
    if (packed.balance <= limit || spare === 0) return best;
    const loadOf = (parts: readonly ExpertPart[]) => parts.reduce((sum, { load }) => sum + load, 0);
    const busiest = packed.cells[busiestCell(Float64Array.from(packed.cells, loadOf), room)]!;
    const splittable = busiest.filter(({ expert }) => pieces[expert]! < cells);
    if (splittable.length === 0) return best;
    pieces[splittable.reduce((largest, part) => (part.load > largest.load ? part : largest)).expert]!++;
  }
}

/** Packs with the number of pieces of each expert given; equal loads in expert order. */
function packPieces(loads: readonly number[], pieces: readonly number[], room: CellRoom, limit: number): PackedLayer {
  const cells: ExpertPart[][] = room.gpus.map(() => []);
  const parts = loads.flatMap((load, expert) => {
    const count = pieces[expert]!;
    return Array.from({ length: count }, (_, i) => ({ expert, load: Math.floor((load + i) / count) }));
  });
  const packed = new Float64Array(cells.length);
  for (const part of parts.sort((a, b) => b.load - a.load || a.expert - b.expert)) {
    const cell = emptiestCell(packed, room, (c) => cells[c]!.length < room.positions[c]! && !holds(cells[c]!, part.expert));
    // Every cell with a position left may hold a piece of the expert already; two pieces then go together.
    if (cell < 0) enlargePart(cells, packed, part);
    else {
      cells[cell]!.push(part);
      packed[cell]! += part.load;
    }
  }
  const mean = packed.reduce((sum, load) => sum + load, 0) / room.gpus.reduce((sum, count) => sum + count, 0);
  for (let i = 0; i < EXCHANGES; i++) {
    const busiest = busiestCell(packed, room);
    if (packed[busiest]! <= limit * mean * room.gpus[busiest]! || !relieve(cells, packed, room, busiest)) break;
  }
  const busiest = busiestCell(packed, room);
  const most = cells.reduce(
    (load, parts, cell) => parts.reduce((larger, part) => Math.max(larger, part.load / room.nodes[cell]!), load),
    packed[busiest]! / room.gpus[busiest]!,
  );
  return { cells, balance: mean === 0 ? 1 : most / mean };
}

function enlargePart(cells: ExpertPart[][], packed: Float64Array, { expert, load }: ExpertPart): void {
  const cell = cells.findIndex((held) => holds(held, expert));
  const held = cells[cell]!;
  const index = held.findIndex((part) => part.expert === expert);
  held[index] = { expert, load: held[index]!.load + load };
  packed[cell]! += load;
}

/** Makes the exchange of a part of the busiest cell for one of another cell, or for nothing, that helps most; false when none does. */
function relieve(cells: ExpertPart[][], packed: Float64Array, { gpus, positions }: CellRoom, busiest: number): boolean {
  let least = packed[busiest]! / gpus[busiest]!;
  let found: { cell: number; given: number; taken: number } | undefined;
  const own = cells[busiest]!;
  cells.forEach((others, cell) => {
    if (cell === busiest) return;
    for (let given = 0; given < own.length; given++) {
      if (holds(others, own[given]!.expert)) continue;
      for (let taken = others.length < positions[cell]! ? -1 : 0; taken < others.length; taken++) {
        const moved = own[given]!.load - (taken < 0 ? 0 : others[taken]!.load);
        const worst = Math.max((packed[busiest]! - moved) / gpus[busiest]!, (packed[cell]! + moved) / gpus[cell]!);
        if (worst >= least || (taken >= 0 && holds(own, others[taken]!.expert))) continue;
        least = worst;
        found = { cell, given, taken };
      }
    }
  });
  if (found === undefined) return false;
  const { cell, given, taken } = found;
  const others = cells[cell]!;
  const [out] = own.splice(given, 1);
  const back = taken < 0 ? [] : others.splice(taken, 1);
  others.push(out!);
  own.push(...back);
  const moved = out!.load - (back[0]?.load ?? 0);
  packed[busiest]! -= moved;
  packed[cell]! += moved;
  return true;
}

function holds(parts: readonly ExpertPart[], expert: number): boolean {
  return parts.some((part) => part.expert === expert);
}

function emptiestCell(packed: Float64Array, { gpus }: CellRoom, passes: (cell: number) => boolean): number {
  let emptiest = -1;
  packed.forEach((load, cell) => {
    if (passes(cell) && (emptiest < 0 || load / gpus[cell]! < packed[emptiest]! / gpus[emptiest]!)) emptiest = cell;
  });
  return emptiest;
}

function busiestCell(packed: Float64Array, { gpus }: CellRoom): number {
  return packed.reduce((busiest, load, cell) => (load / gpus[cell]! > packed[busiest]! / gpus[busiest]! ? cell : busiest), 0);
}
