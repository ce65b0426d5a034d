import assert from "node:assert/strict";
import { ROOT, sources } from "../sources.ts";
import { testsElsewhere } from "./files.ts";
import { LEFT_OUT, leftOut } from "./left_out.ts";

Deno.test("leaves a test out by its name on Windows, and nowhere else", () => {
  const name = "the file lies in the person's home";
  assert.equal(leftOut(name, "windows"), "Windows' paths are others");
  assert.equal(leftOut(name, "darwin"), null);
  assert.equal(
    leftOut("SIGHUP asks the process to end, whatever", "windows"),
    "Windows has no signals",
  );
  assert.equal(leftOut("another test", "windows"), null);
});

Deno.test("leaves nothing out that is not there", async () => {
  const texts = await Promise.all(
    (await testsElsewhere()).map((path) => Deno.readTextFile(ROOT + path)),
  );
  for (const left of Object.values(LEFT_OUT).flat().filter((one) => typeof one === "string")) {
    assert.ok(texts.some((text) => text.includes(left)), left);
  }
});

Deno.test("every folder that is run elsewhere has tests", async () => {
  const all = (await sources(`${ROOT}tests`)).map((path) => path.slice(ROOT.length));
  const elsewhere = await testsElsewhere();
  assert.ok(elsewhere.length > 50, `${elsewhere.length}`);
  for (const path of elsewhere) assert.ok(all.includes(path), path);
});
