import assert from "node:assert/strict";
import { outcomeFor } from "../../../lib/runner/local/outcome.ts";

const ended = (exitCode: number) => ({ exitCode, signalCode: null });

Deno.test("a harvester that ended by itself has its own exit code and error", () => {
  assert.deepEqual(outcomeFor(ended(0), undefined), { exitCode: 0 });
  assert.deepEqual(outcomeFor(ended(1), "No keys", "windows"), { exitCode: 1, message: "No keys" });
  assert.deepEqual(outcomeFor(ended(70), undefined, "windows"), {
    exitCode: 70,
    message: "The harvester ended with exit code 70",
  });
});

Deno.test("a harvester that was killed is no fault of the person's, on Windows too, where the exit code is theirs", () => {
  assert.deepEqual(outcomeFor({ exitCode: null, signalCode: "SIGKILL" }, undefined, "linux"), {
    exitCode: 3,
    message: "The harvester was killed (SIGKILL)",
  });
  assert.deepEqual(outcomeFor(ended(1), undefined, "windows"), {
    exitCode: 3,
    message: "The harvester was killed",
  });
  assert.deepEqual(outcomeFor(ended(1), undefined, "linux"), {
    exitCode: 1,
    message: "The harvester ended with exit code 1",
  });
});
