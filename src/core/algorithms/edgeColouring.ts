/** Bipartite edge colouring: edges of one colour share no end. */

/** Colours of the edges of a bipartite multigraph. */
export interface EdgeColouring {
  /** Colour of each edge, from 0, shape [edges]. */
  readonly colour: Int32Array;
  /** Colours used, which is the largest degree: there is no colouring with fewer. */
  readonly colours: number;
}

/**
 * Colours the edges with as many colours as the largest degree (König): an edge takes a colour that is free at both ends;
 * where there is none, a path of two alternating colours is swapped to free one.
 * @param left left end of each edge, shape [edges]
 * @param right right end of each edge, shape [edges]
 */
export function edgeColouring(left: Int32Array, right: Int32Array, leftCount: number, rightCount: number): EdgeColouring {
  const vertices = leftCount + rightCount;
  const degree = new Int32Array(vertices);
  for (let edge = 0; edge < left.length; edge++) {
    for (const vertex of [left[edge]!, leftCount + right[edge]!]) degree[vertex]!++;
  }
  const colours = degree.reduce((max, count) => Math.max(max, count), 0);
  const words = Math.ceil(colours / 32);
  const free = freeColours(vertices, colours, words);
  const edgeAt = new Int32Array(vertices * colours).fill(-1);
  const colour = new Int32Array(left.length).fill(-1);

  const paint = (edge: number, shade: number) => {
    colour[edge] = shade;
    for (const vertex of [left[edge]!, leftCount + right[edge]!]) {
      edgeAt[vertex * colours + shade] = edge;
      const word = vertex * words + (shade >> 5);
      free[word]! &= ~(1 << (shade & 31));
    }
  };
  const erase = (edge: number) => {
    const shade = colour[edge]!;
    for (const vertex of [left[edge]!, leftCount + right[edge]!]) {
      edgeAt[vertex * colours + shade] = -1;
      const word = vertex * words + (shade >> 5);
      free[word]! |= 1 << (shade & 31);
    }
  };
  /** Swaps two colours along the path that begins at a vertex with the first of them. */
  const swapPath = (start: number, first: number, second: number) => {
    const path: number[] = [];
    for (let vertex = start, shade = first; ; shade = shade === first ? second : first) {
      const edge = edgeAt[vertex * colours + shade]!;
      if (edge < 0) break;
      path.push(edge);
      vertex = vertex < leftCount ? leftCount + right[edge]! : left[edge]!;
    }
    for (const edge of path) erase(edge);
    path.forEach((edge, step) => {
      paint(edge, step % 2 === 0 ? second : first);
    });
  };

  for (let edge = 0; edge < left.length; edge++) {
    const from = left[edge]!;
    const to = leftCount + right[edge]!;
    let shade = firstCommon(free, from * words, to * words, words);
    if (shade < 0) {
      shade = firstCommon(free, from * words, from * words, words);
      swapPath(to, shade, firstCommon(free, to * words, to * words, words));
    }
    paint(edge, shade);
  }
  return { colour, colours };
}

/** All colours free at all vertices, as bit sets, shape [vertices][words]. */
function freeColours(vertices: number, colours: number, words: number): Int32Array {
  const free = new Int32Array(vertices * words).fill(-1);
  const inLastWord = colours % 32;
  if (inLastWord > 0) for (let word = words - 1; word < free.length; word += words) free[word] = (1 << inLastWord) - 1;
  return free;
}

/** Lowest member of two bit sets that begin at the given words; -1 when they have none in common. */
function firstCommon(bits: Int32Array, a: number, b: number, words: number): number {
  for (let word = 0; word < words; word++) {
    const common = bits[a + word]! & bits[b + word]!;
    if (common !== 0) return word * 32 + 31 - Math.clz32(common & -common);
  }
  return -1;
}
