/** Every command that an error names is done literally here: the error has to be gone afterwards. */

import { systemClock } from "../../lib/base/clock.ts";
import { World } from "../../lib/sandbox/world.ts";
import { API_FAILURES } from "./hint_cases_api.ts";
import { FAILURES } from "./hint_cases.ts";
import { takeLiterally } from "./hints.ts";
import { inOneProcess, type Place } from "./program.ts";

Deno.test("each command that an error names solves it, done literally", () => {
  const world = World.create({ clock: systemClock, users: 2, tweetsPerUser: 5 });
  return inOneProcess(async (place) => {
    Object.assign(place.env, typed(place.sandbox));
    await takeLiterally(place, FAILURES);
  }, { world });
});

Deno.test("so does each that an error of the API, of a stream, or of a harvester elsewhere names", () => {
  const world = World.create({ clock: systemClock, users: 2, tweetsPerUser: 5 });
  return inOneProcess(async (place) => {
    Object.assign(place.env, typed(place.sandbox));
    await takeLiterally(place, API_FAILURES);
    await place.ok("collection", "filter-stop", "three");
  }, { world });
});

/** What a person types where `configure` asks. */
function typed({ keys, bearer }: Place["sandbox"]): Record<string, string> {
  return {
    CONSUMER_KEY: keys.consumer_key,
    CONSUMER_SECRET: keys.consumer_secret,
    ACCESS_TOKEN: keys.access_token,
    ACCESS_TOKEN_SECRET: keys.access_token_secret,
    BEARER_TOKEN: bearer,
  };
}
