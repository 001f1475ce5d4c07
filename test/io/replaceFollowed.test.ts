import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, expect, test } from "vitest";
import { UsageError } from "../../src/errors.ts";
import { fingerprint, fingerprintOf } from "../../src/io/fingerprint.ts";
import { replaceFollowed } from "../../src/io/replaceFollowed.ts";

const folder = mkdtempSync(join(tmpdir(), "lazarus-follow-"));
const at = (name: string) => join(folder, name);
const hashOf = (text: string) => {
  const hash = fingerprint();
  for (const character of text) hash.add(Buffer.from(character));
  return hash.hex();
};
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeEach(() => {
  for (const name of readdirSync(folder)) rmSync(at(name));
  writeFileSync(at("plan"), "old");
  writeFileSync(at("written"), "new");
});

test("a fingerprint is what sha256sum prints, and nothing where there is no file", () => {
  expect(fingerprintOf(at("plan"))).toBe(hashOf("old"));
  expect(hashOf("abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  expect(fingerprintOf(at("none"))).toBeUndefined();
});

test("what still is what was followed is replaced", () => {
  replaceFollowed(at("written"), at("plan"), hashOf("old"));
  expect([readFileSync(at("plan"), "utf8"), readdirSync(folder)]).toEqual(["new", ["plan"]]);
});

test("what has changed is left as it is", () => {
  expect(() => replaceFollowed(at("written"), at("plan"), hashOf("older"))).toThrow(UsageError);
  expect([readFileSync(at("plan"), "utf8"), readdirSync(folder).sort()]).toEqual(["old", ["plan", "written"]]);
});

test("while somebody else replaces it, it is left alone; a claim of a process that is no more counts for nothing", () => {
  const claim = at(`.lazarus-${hashOf("old").slice(0, 32)}.claim`);
  writeFileSync(claim, "");
  expect(() => replaceFollowed(at("written"), at("plan"), hashOf("old"))).toThrow("was replaced while");
  expect(readFileSync(at("plan"), "utf8")).toBe("old");
  const longAgo = Date.now() / 1000 - 3600;
  utimesSync(claim, longAgo, longAgo);
  replaceFollowed(at("written"), at("plan"), hashOf("old"));
  expect([readFileSync(at("plan"), "utf8"), readdirSync(folder)]).toEqual(["new", ["plan"]]);
});
