import assert from "node:assert/strict";
import { ROOT, sources } from "../sources.ts";
import { LEFT_OUT, leftOut } from "./left_out.ts";

Deno.test("leaves a test out by its name on the systems that are named, and nowhere else", () => {
  const full = "a harvest whose log cannot be written goes on";
  assert.match(leftOut(full, ["windows"]) ?? "", /\/dev\/full/);
  assert.match(leftOut(full, ["darwin"]) ?? "", /\/dev\/full/);
  assert.equal(leftOut(full, []), null);
  const made = "SIGHUP asks the process to end, which it does in its own time";
  assert.match(leftOut(made, ["windows", "wine"]) ?? "", /signals/);
  assert.equal(leftOut(made, ["darwin"]), null);
  assert.equal(leftOut(`${made} or not`, ["windows"]), null);
  assert.equal(leftOut("another test", ["windows"]), null);
});

/** A string, and a template, as they are written in a line; names of tests are in such. */
const [TEXT, TEMPLATE] = [/"((?:[^"\\\n]|\\.)+)"/g, /`((?:[^`\\\n]|\\.)+)`/g];

/** What is put in for what a template has, so that more is fixed than not. */
function asPattern(template: string): RegExp | null {
  const parts = template.split(/\$\{[^}]*\}/);
  if (parts.join("").length < 15) return null;
  return new RegExp(`^${parts.map((part) => RegExp.escape(part)).join(".+")}$`);
}

Deno.test("each test that is left out is there, under just that name, and is left out once", async () => {
  const paths = (await sources(`${ROOT}tests`)).filter((path) => !path.includes("/elsewhere/"));
  const [names, patterns] = [new Set<string>(), [] as RegExp[]];
  for (const path of paths) {
    const source = await Deno.readTextFile(path);
    for (const [, text = ""] of source.matchAll(TEXT)) names.add(text);
    for (const [, template = ""] of source.matchAll(TEMPLATE)) {
      names.add(template);
      const pattern = template.includes("${") ? asPattern(template) : null;
      if (pattern) patterns.push(pattern);
    }
  }
  const tests = LEFT_OUT.flatMap(({ tests }) => tests);
  const gone = tests.filter((name) =>
    !names.has(name) && !patterns.some((pattern) => pattern.test(name))
  );
  assert.deepEqual(gone, []);
  assert.equal(new Set(tests).size, tests.length, "one is left out twice");
});

Deno.test("each reason names a system and says why", () => {
  for (const { on, why, tests } of LEFT_OUT) {
    assert.ok(on.length > 0 && tests.length > 0, why);
    assert.ok(why.length > 10, why);
  }
});
