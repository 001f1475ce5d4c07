/** Tokens stay as near as the hosts' counts allow. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { DispatchBuilder } from "../../src/core/dispatch/layerDispatch.ts";
import { NearestServer } from "../../src/core/dispatch/nearestServer.ts";

const RANKS = 8;
/** Ranks, pairs of them, and two halves. */
const LEVELS = [0, 1, 2].map((level) => Int32Array.from({ length: RANKS }, (_, rank) => rank >> level));
const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);

/** Two experts' tokens by rank, and what share of them each rank computes; ranks without a share are no hosts. */
const expert = fc.record({
  tokens: fc.array(fc.nat(12), { minLength: RANKS, maxLength: RANKS }),
  cuts: fc.array(fc.nat(100), { minLength: RANKS - 1, maxLength: RANKS - 1 }),
  isHost: fc.array(fc.boolean(), { minLength: RANKS, maxLength: RANKS }).filter((flags) => flags.includes(true)),
});

test("every rank, node and domain takes in no more tokens from outside than it has too few, and all are served", () => {
  fc.assert(
    fc.property(fc.array(expert, { minLength: 1, maxLength: 2 }), (experts) => {
      const dispatch = new DispatchBuilder(RANKS, 1);
      const server = new NearestServer(RANKS, LEVELS);
      const counts = experts.map(({ tokens, cuts, isHost }) => {
        const all = sum(tokens);
        const hosts = [...isHost.keys()].filter((rank) => isHost[rank]);
        const points = cuts.slice(0, hosts.length - 1).map((cut) => Math.floor((cut * all) / 101));
        const ends = [0, ...points.sort((a, b) => a - b), all];
        return isHost.map((_, rank) => (hosts.includes(rank) ? ends[hosts.indexOf(rank) + 1]! - ends[hosts.indexOf(rank)]! : 0));
      });
      experts.forEach(({ tokens, isHost }, e) => {
        const hosts = [...isHost.keys()].filter((rank) => isHost[rank]);
        const served = Float64Array.from(hosts, (rank) => counts[e]![rank]!);
        server.serve(dispatch, e, Float64Array.from(tokens), hosts, served);
      });
      const { expert: of, source, target, tokens: sent } = dispatch.build();
      experts.forEach(({ tokens }, e) => {
        const total = (wanted: (from: number, to: number) => boolean) =>
          sum([...sent].filter((_, i) => of[i] === e && wanted(source[i]!, target[i]!)));
        for (let rank = 0; rank < RANKS; rank++) {
          expect(total((from) => from === rank)).toBe(tokens[rank]);
          expect(total((_, to) => to === rank)).toBe(counts[e]![rank]);
        }
        for (const groups of LEVELS) {
          for (const group of new Set(groups)) {
            const inside = (numbers: readonly number[]) => sum(numbers.filter((_, rank) => groups[rank] === group));
            const taken = total((from, to) => groups[from] !== group && groups[to] === group);
            expect(taken).toBe(Math.max(0, inside(counts[e]!) - inside(tokens)));
          }
        }
      });
      const keys = Array.from(of, (e, i) => (e * RANKS + source[i]!) * RANKS + target[i]!);
      expect(keys).toEqual([...new Set(keys)].sort((a, b) => a - b));
    }),
  );
});
