/** Which ranks may share which tokens, as flat arrays. */

/** Tokens that some ranks may share at will: a part of an expert's. */
export interface Shareable {
  readonly expert: number;
  readonly part: number;
  /** Distinct, at least one. */
  readonly ranks: readonly number[];
}

/** What the same ranks may share is one group: those with fewest ranks first. */
export interface ShareGroups {
  readonly ranks: number;
  readonly groups: number;
  /** What each group is made of, shape [shareables]. */
  readonly expert: Int32Array;
  readonly part: Float64Array;
  readonly groupOf: Int32Array;
  /** First entry of each group, an entry being one of its ranks, shape [groups + 1]; rank and group of each, shape [entries]. */
  readonly first: Int32Array;
  readonly rank: Int32Array;
  readonly group: Int32Array;
  /** Entries of each rank in groups with several, shape [ranks + 1] and [their entries]. */
  readonly firstOfRank: Int32Array;
  readonly entryOfRank: Int32Array;
}

/** Sorts what is shared by who may share it. */
export function shareGroups(shareables: readonly Shareable[], ranks: number): ShareGroups {
  const sets = new Map<string, { readonly ranks: readonly number[]; readonly members: Shareable[] }>();
  for (const shareable of shareables) {
    const key = shareable.ranks.join();
    const set = sets.get(key);
    if (set) set.members.push(shareable);
    else sets.set(key, { ranks: shareable.ranks, members: [shareable] });
  }
  const groups = [...sets.values()].sort((a, b) => a.ranks.length - b.ranks.length);
  const members = groups.flatMap((group, g) => group.members.map(({ expert, part }) => ({ expert, part, g })));
  const single = groups.filter((group) => group.ranks.length === 1).length;
  const rank = Int32Array.from(groups.flatMap((group) => group.ranks));
  const ofRank: number[][] = Array.from({ length: ranks }, () => []);
  for (let entry = single; entry < rank.length; entry++) ofRank[rank[entry]!]!.push(entry);
  return {
    ranks,
    groups: groups.length,
    expert: Int32Array.from(members, ({ expert }) => expert),
    part: Float64Array.from(members, ({ part }) => part),
    groupOf: Int32Array.from(members, ({ g }) => g),
    first: offsets(groups.map((group) => group.ranks.length)),
    rank,
    group: Int32Array.from(groups.flatMap((group, g) => group.ranks.map(() => g))),
    firstOfRank: offsets(ofRank.map((entries) => entries.length)),
    entryOfRank: Int32Array.from(ofRank.flat()),
  };
}

/** Where each list begins when all stand in one, and where the last one ends. */
function offsets(lengths: readonly number[]): Int32Array {
  const first = new Int32Array(lengths.length + 1);
  lengths.forEach((length, i) => {
    first[i + 1] = first[i]! + length;
  });
  return first;
}
