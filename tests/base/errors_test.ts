import assert from "node:assert/strict";
import {
  ApiError,
  ConflictError,
  DamagedError,
  errorMessage,
  errorSentence,
  OutsideError,
  UserError,
} from "../../lib/base/errors.ts";
import { outlast } from "../../lib/base/outage.ts";
import { QuickClock } from "../fakes/quick_clock.ts";

/** What the API says of a stream with a status of 429. */
const SAID = "This stream is currently at the maximum allowed connection limit.";

Deno.test("an error that ends with what the API, AWS or the system said has no second full stop in a text", async () => {
  const message = `The API answered 2/tweets/search/stream with 429: ${SAID}`;
  const errors = [
    new ApiError(message, { status: 429 }),
    new UserError(message, { hint: "Try again later." }),
    new OutsideError(message),
    new DamagedError(message),
    new Error(message),
  ];
  for (const error of errors) {
    const texts = [errorSentence(error), `${errorMessage(error)}. Trying again in 60 s`];
    for (const text of texts) assert.ok(text.includes("limit.") && !text.includes(".."), text);
  }
  const said: string[] = [];
  let tries = 0;
  await outlast(() => tries++ === 0 ? Promise.reject(errors[0]) : Promise.resolve(), {
    clock: new QuickClock(),
    say: (text) => void said.push(text),
    signal: new AbortController().signal,
  });
  assert.deepEqual(said, [`${message} Retrying until it works.`, "It works again."]);
});

Deno.test("an error's hint follows its message as a sentence of its own", () => {
  assert.equal(
    errorSentence(new UserError("It is away.", { hint: "Look for it." })),
    "It is away. Look for it.",
  );
  assert.equal(errorSentence(new UserError("Is it?", { hint: "No." })), "Is it? No.");
  assert.equal(
    errorSentence(new ConflictError("lock.json")),
    "Another process changed lock.json at the same time.",
  );
});
