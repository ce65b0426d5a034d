import assert from "node:assert/strict";
import { withApiStub } from "../../fakes/api_stub.ts";
import { inOneProcess, inPlace, type Place } from "../../e2e/program.ts";

const TIMELINES = { id: "tl", type: "user_timeline", api: "2", users: {} };

async function usersOf(place: Place): Promise<Record<string, unknown>> {
  return JSON.parse(await Deno.readTextFile(place.path("collection.json"))).users;
}

Deno.test("one bad line refuses itself only, unless --strict is given", () =>
  inOneProcess(async (place) => {
    await place.writeJson("collection.json", { ...TIMELINES, keys: place.sandbox.keys });
    await Deno.writeTextFile(place.path("ids.txt"), "12\n7.0E+18\n13\n12\n");
    const strict = await place.run("collection-config", "userid-files", "--strict", "ids.txt");
    assert.equal(strict.code, 1);
    assert.match(strict.err, /Nothing was added/);
    assert.deepEqual(await usersOf(place), {});
    const ran = await place.run("collection-config", "userid-files", "ids.txt");
    assert.equal(ran.code, 1);
    assert.match(ran.err, /^ids\.txt, line 2: "7\.0E\+18" is an id that a spreadsheet has rounded/);
    assert.match(
      ran.err,
      /\nError: 1 line of 4 was left out \(see above\)\. The others were/,
    );
    assert.deepEqual(await usersOf(place), { "12": {}, "13": {} });
    const typed = await place.run(
      "collection-config",
      "userids",
      "14",
      "0",
      "99999999999999999999",
    );
    assert.equal(typed.code, 1);
    assert.match(typed.err, /^Error: "0" is not an id.*"99999999999999999999" .*too many digits/);
    assert.deepEqual(await usersOf(place), { "12": {}, "13": {} });
  }));

Deno.test("a name that the API refuses does not refuse its hundred", () =>
  withApiStub(({ parameters }) => {
    const names = (parameters.get("usernames") ?? "").split(",");
    if (names.some((name) => name.length > 15)) {
      return { status: 400, body: { errors: [{ message: "The `usernames` value is not valid" }] } };
    }
    const data = names.map((name) => ({ id: name.replace(/\D/g, ""), name, username: name }));
    return { body: { data } };
  }, ({ url, asked }) =>
    inPlace(async (place) => {
      await place.writeJson("collection.json", { ...TIMELINES, keys: place.sandbox.keys });
      const names = Array.from({ length: 150 }, (_, i) => `user_${i + 1}`);
      names[41] = "a_name_of_before_there_was_a_limit";
      await Deno.writeTextFile(place.path("names.csv"), `n,handle\n1,${names.join("\n1,")}\n`);
      place.env.TWITTER_API_URL = url.href;
      const ran = await place.run("collection-config", "screenname-files", "names.csv");
      assert.equal(ran.code, 1, ran.err);
      assert.match(ran.err, /a_name_of_before_there_was_a_limit: .*400/);
      assert.equal(Object.keys(await usersOf(place)).length, 149);
      assert.ok(asked.length < 20, `${asked.length} requests`);
    })));

Deno.test("a name that belonged to another member is pointed out, and both stay", () =>
  inOneProcess(async (place) => {
    const [user] = [...place.sandbox.world.users.values()];
    const name = user?.screenName ?? assert.fail();
    const former_names = [{ screen_name: name, until: "2026-05-01T00:00:00.000Z" }];
    const users = { "77": { screen_name: "renamed", former_names } };
    await place.writeJson("collection.json", { ...TIMELINES, users, keys: place.sandbox.keys });
    const { code, err } = await place.run("collection-config", "screennames", name);
    assert.equal(code, 0, err);
    assert.match(
      err,
      new RegExp(
        `^${name} was until 2026-05-01\\S+ the name of 77, .* now belongs to ${user?.id}`,
        "m",
      ),
    );
    assert.deepEqual(
      Object.keys(await usersOf(place)).toSorted(),
      [`${user?.id}`, "77"].toSorted(),
    );
  }));

Deno.test("a file in the place of ids or names is pointed to the command that reads it", () =>
  inOneProcess(async (place) => {
    await place.writeJson("collection.json", { ...TIMELINES, keys: place.sandbox.keys });
    await Deno.writeTextFile(place.path("ids.txt"), "12\n");
    const ids = await place.run("collection-config", "userids", "ids.txt");
    assert.equal(ids.code, 1);
    assert.match(
      ids.err,
      /For users in a file: twarc-cloud collection-config userid-files ids\.txt\n/,
    );
    const names = await place.run("collection-config", "screennames", "ids.txt");
    assert.match(names.err, /twarc-cloud collection-config screenname-files ids\.txt\n/);
    await place.ok("collection-config", "userid-files", "ids.txt");
    assert.deepEqual(await usersOf(place), { "12": {} });
  }));
