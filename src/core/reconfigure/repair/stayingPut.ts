/** Slots of a rank are alike: what a rank held and is to hold again stays where it is, so that nothing is overwritten and fetched anew. */

/**
 * Where what each slot is to hold goes, on the same rank.
 * @param wanted expert that each slot is to hold, shape [slots]
 * @param held expert in each slot now, shape [slots]
 * @returns slot for each slot, a permutation within ranks
 */
export function stayingPut(wanted: Int32Array, held: Int32Array, rankOfSlot: ArrayLike<number>): Int32Array {
  const place = new Int32Array(wanted.length).fill(-1);
  const isTaken = new Uint8Array(wanted.length);
  const ofRank = new Map<number, number[]>();
  for (let slot = 0; slot < wanted.length; slot++) {
    const slots = ofRank.get(rankOfSlot[slot]!);
    if (slots === undefined) ofRank.set(rankOfSlot[slot]!, [slot]);
    else slots.push(slot);
  }
  const take = (slot: number, at: number) => {
    place[slot] = at;
    isTaken[at] = 1;
  };
  const settle = (fits: (slot: number, at: number) => boolean) => {
    for (let slot = 0; slot < wanted.length; slot++) {
      if (place[slot]! >= 0) continue;
      const at = ofRank.get(rankOfSlot[slot]!)!.find((other) => isTaken[other] === 0 && fits(slot, other));
      if (at !== undefined) take(slot, at);
    }
  };
  settle((slot, at) => slot === at && held[at] === wanted[slot]);
  settle((slot, at) => held[at] === wanted[slot]);
  settle((slot, at) => slot === at);
  settle(() => true);
  return place;
}
