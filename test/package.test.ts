import { readdirSync, readFileSync } from "node:fs";
import { expect, test } from "vitest";

test("the package names every man page, and needs no script when it is installed", () => {
  const { man, scripts } = JSON.parse(readFileSync("package.json", "utf8"));
  expect(man).toEqual(readdirSync("man").map((file) => `man/${file}`));
  for (const name of ["preinstall", "install", "postinstall", "prepare"]) expect(Object.keys(scripts)).not.toContain(name);
});
