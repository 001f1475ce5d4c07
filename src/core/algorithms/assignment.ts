/** The assignment problem: rows to columns, one to one, at the least total cost. */

/**
 * Assigns every row to a column of its own at the least total cost, by shortest augmenting paths with potentials
 * (Kuhn, Munkres; Jonker and Volgenant), O(size^3).
 * @param cost shape [size][size]; Infinity forbids a pair
 * @returns column of each row, shape [size]
 * @throws RangeError when the forbidden pairs leave no complete assignment
 */
export function leastCostAssignment(cost: Float64Array, size: number): Int32Array {
  if (cost.length !== size * size) throw new RangeError(`${size} rows need ${size * size} costs, got ${cost.length}`);
  const rowOf = new Int32Array(size).fill(-1);
  const rowPotential = new Float64Array(size);
  const columnPotential = new Float64Array(size);
  const distance = new Float64Array(size);
  const previous = new Int32Array(size);
  const done = new Uint8Array(size);
  for (let start = 0; start < size; start++) {
    distance.fill(Infinity);
    done.fill(0);
    let row = start;
    let reached = -1;
    let base = 0;
    while (row >= 0) {
      let nearest = -1;
      for (let column = 0; column < size; column++) {
        if (done[column]) continue;
        const reduced = cost[row * size + column]! - rowPotential[row]! - columnPotential[column]!;
        if (base + reduced < distance[column]!) {
          distance[column] = base + reduced;
          previous[column] = reached;
        }
        if (nearest < 0 || distance[column]! < distance[nearest]!) nearest = column;
      }
      if (nearest < 0 || distance[nearest] === Infinity) throw new RangeError("the forbidden pairs leave no complete assignment");
      done[nearest] = 1;
      base = distance[nearest]!;
      reached = nearest;
      row = rowOf[nearest]!;
    }
    // Columns on the search tree move down, their rows up, so that the path has no reduced cost.
    rowPotential[start]! += base;
    for (let column = 0; column < size; column++) {
      if (!done[column] || column === reached) continue;
      const slack = base - distance[column]!;
      columnPotential[column]! -= slack;
      const matched = rowOf[column]!;
      rowPotential[matched]! += slack;
    }
    for (let column = reached; column >= 0; ) {
      const before = previous[column]!;
      rowOf[column] = before < 0 ? start : rowOf[before]!;
      column = before;
    }
  }
  const columnOf = new Int32Array(size);
  rowOf.forEach((row, column) => {
    columnOf[row] = column;
  });
  return columnOf;
}
