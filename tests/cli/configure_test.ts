import assert from "node:assert/strict";
import { Command } from "@commander-js/extra-typings";
import { dirname, join } from "node:path";
import { contextWith } from "../fakes/context.ts";
import { Output } from "../../lib/cli/output.ts";
import { fillConfigure } from "../../lib/cli/configure.ts";
import { InterruptedError, UserError } from "../../lib/base/errors.ts";
import { type Sandbox, startSandbox } from "../../lib/sandbox/server.ts";
import { inPlace } from "../e2e/program.ts";
import { until } from "../fakes/until.ts";
import { keysPaths, readProfile, writeProfile } from "../../lib/secrets/twarc_files.ts";
import { runsHere } from "../fakes/other_processes.ts";
import { isPrivate } from "../fakes/folder.ts";

/** A person at a terminal, who answers questions after looking at what was printed. */
class Person extends Output {
  readonly printed: string[];
  readonly asked: { message: string; secret: boolean }[] = [];
  readonly #answer: (message: string, printed: string) => Promise<string | null>;
  readonly #confirms: boolean;

  constructor(
    answer: (message: string, printed: string) => Promise<string | null>,
    confirms = false,
  ) {
    const printed: string[] = [];
    const write = (text: string) => printed.push(text);
    super({ out: write, err: write, isInteractive: true, isTerminal: false, color: false });
    this.printed = printed;
    this.#answer = answer;
    this.#confirms = confirms;
  }

  override confirm(_message: string): Promise<boolean | null> {
    return Promise.resolve(this.#confirms);
  }

  override async ask(message: string, { secret = false } = {}): Promise<string | null> {
    this.asked.push({ message, secret });
    return await this.#answer(message, this.printed.join(""));
  }
}

/** Runs `configure` in a folder of its own. */
async function configure(
  person: Person,
  args: string[],
  { sandbox, home }: { sandbox: Sandbox; home: string },
  signal = new AbortController().signal,
): Promise<void> {
  const context = contextWith({
    signal,
    output: person,
    env: { HOME: home, TWITTER_API_URL: sandbox.url.href },
    version: "1",
  });
  const command = new Command();
  fillConfigure(command, context);
  await command.parseAsync(args, { from: "user" });
}

async function withSandbox(
  use: (given: { sandbox: Sandbox; home: string }) => Promise<void>,
): Promise<void> {
  const home = await Deno.makeTempDir({ prefix: "twarc-cloud-test-" });
  const sandbox = startSandbox();
  try {
    await use({ sandbox, home });
  } finally {
    await sandbox.close();
    await Deno.remove(home, { recursive: true });
  }
}

Deno.test("configure asks for the application's keys, sends the person to a page, and stores what its PIN gives", () =>
  withSandbox(async (given) => {
    const { consumer_key, consumer_secret } = given.sandbox.keys;
    const person = new Person(async (message, printed) => {
      if (message === "Consumer key") return consumer_key;
      if (message === "Consumer secret") return consumer_secret;
      const [url = ""] = /http:\/\/\S+/.exec(printed) ?? [];
      return /<code>(\d+)<\/code>/.exec(await (await fetch(url)).text())?.[1] ?? null;
    });
    await configure(person, ["--profile", "mine"], given);
    const path = join(given.home, ".twarc");
    const keys = await readProfile([path], "mine");
    assert.equal(keys.consumer_key, consumer_key);
    assert.ok(keys.access_token && keys.access_token_secret);
    assert.ok(await isPrivate(path));
    assert.deepEqual(person.asked, [
      { message: "Consumer key", secret: true },
      { message: "Consumer secret", secret: true },
      { message: "PIN", secret: false },
    ]);
    const printed = person.printed.join("");
    assert.match(printed, new RegExp(`Keys stored in profile mine of ${RegExp.escape(path)}`));
    for (const secret of [consumer_key, consumer_secret, keys.access_token_secret]) {
      assert.ok(!printed.includes(secret), "no key is printed");
    }
  }));

Deno.test("a wrong PIN is asked for again, with the application's keys as they were typed", () =>
  withSandbox(async (given) => {
    const { consumer_key, consumer_secret } = given.sandbox.keys;
    let pins = 0;
    const person = new Person(async (message, printed) => {
      if (message === "Consumer key") return consumer_key;
      if (message === "Consumer secret") return consumer_secret;
      if (++pins === 1) return "0000000";
      const url = [...printed.matchAll(/http:\/\/\S+/g)].at(-1)?.[0] ?? "";
      return /<code>(\d+)<\/code>/.exec(await (await fetch(url)).text())?.[1] ?? null;
    });
    await configure(person, [], given);
    assert.equal(pins, 2);
    assert.deepEqual(person.asked.filter(({ secret }) => secret).length, 2);
    assert.match(person.printed.join(""), /refused the PIN\. The keys of the application are kept/);
    assert.ok((await readProfile([join(given.home, ".twarc")])).access_token);
  }));

Deno.test("no answer stores nothing", () =>
  withSandbox(async (given) => {
    const silent = new Person(() => Promise.resolve(null));
    await assert.rejects(configure(silent, [], given), /Consumer key is missing/);
    await assert.rejects(Deno.stat(join(given.home, ".twarc")), Deno.errors.NotFound);
  }));

Deno.test("a login that is left, or whose PIN is refused, keeps the application's keys, which the next one uses", () =>
  withSandbox(async (given) => {
    const { consumer_key, consumer_secret } = given.sandbox.keys;
    const path = join(given.home, ".twarc");
    const pair = new Map([["Consumer key", consumer_key], ["Consumer secret", consumer_secret]]);
    const leaves = () => Promise.reject(new InterruptedError("Interrupted: nothing was stored"));
    const cases: [string[], () => Promise<string>, typeof UserError | typeof InterruptedError][] = [
      [["--profile", "mine"], leaves, InterruptedError],
      [["--profile", "yours"], () => Promise.resolve("0000000"), UserError],
    ];
    for (const [args, pin, Failure] of cases) {
      const person = new Person((message) =>
        message === "PIN" ? pin() : Promise.resolve(pair.get(message) ?? null)
      );
      await assert.rejects(configure(person, args, given), (error) => {
        assert.ok(error instanceof Failure);
        assert.ok(
          error.message.endsWith(`are kept in profile ${args[1]} of ${path}`),
          error.message,
        );
        assert.equal(error.hint, `Log in with: twarc-cloud configure --profile ${args[1]}`);
        return true;
      });
      assert.deepEqual(await readProfile([path], args[1]), { consumer_key, consumer_secret });
    }
    const again = new Person(async (message, printed) => {
      assert.equal(message, "PIN");
      const [url = ""] = /http:\/\/\S+/.exec(printed) ?? [];
      return /<code>(\d+)<\/code>/.exec(await (await fetch(url)).text())?.[1] ?? null;
    }, true);
    await configure(again, ["--profile", "mine"], given);
    assert.ok((await readProfile([path], "mine")).access_token);
  }));

Deno.test("a login that is left replaces no other application's keys, and a name that no profile can have is refused before", () =>
  withSandbox(async (given) => {
    const { consumer_key, consumer_secret } = given.sandbox.keys;
    const path = join(given.home, ".twarc");
    const others = {
      consumer_key: "another",
      consumer_secret: "application's",
      access_token: "x",
      access_token_secret: "y",
    };
    await writeProfile(path, "main", others);
    const pair = new Map([["Consumer key", consumer_key], ["Consumer secret", consumer_secret]]);
    const person = new Person((message) => {
      const typed = pair.get(message);
      const left = new InterruptedError("Interrupted: nothing was stored");
      return typed === undefined ? Promise.reject(left) : Promise.resolve(typed);
    });
    await assert.rejects(configure(person, [], given), /^InterruptedError: .*nothing was stored$/);
    assert.deepEqual(await readProfile([path]), others);
    const asked = person.asked.length;
    await assert.rejects(configure(person, ["--profile", "a]b"], given), /cannot be the name/);
    assert.equal(person.asked.length, asked);
  }));

Deno.test("who leaves while keys are tried is told that nothing was stored", () =>
  withSandbox(async (given) => {
    given.sandbox.troubles.add({ kind: "stall", path: "usage" });
    const left = new AbortController();
    const person = new Person(() => {
      const asked = () => given.sandbox.requests.some(({ path }) => path.includes("usage"));
      until(() => Promise.resolve(asked())).then(() => left.abort(new Error("gone")));
      return Promise.resolve(given.sandbox.bearer);
    });
    await assert.rejects(
      configure(person, ["--bearer-token"], given, left.signal),
      /^InterruptedError: Interrupted: nothing was stored$/,
    );
    await assert.rejects(Deno.stat(join(given.home, ".twarc")), Deno.errors.NotFound);
  }));

Deno.test("a bearer token comes beside the keys that a profile has", () =>
  withSandbox(async (given) => {
    const { keys, bearer } = given.sandbox;
    const person = new Person(() => Promise.resolve(bearer));
    const path = join(given.home, "elsewhere");
    await writeProfile(path, "mine", keys);
    const args = ["--bearer-token", "--twarc-config-filepath", path, "--profile", "mine"];
    await configure(person, args, given);
    assert.deepEqual({ ...await readProfile([path], "mine") }, { ...keys, bearer_token: bearer });
    assert.deepEqual(person.asked, [{ message: "Bearer token", secret: true }]);
    const printed = person.printed.join("");
    assert.match(printed, /The profile keeps its consumer_key, .*access_token_secret\./);
    assert.match(
      printed,
      /collection-config keys --twarc-config-filepath \S+ --profile mine`.*collection keys ID .*--profile mine`/,
    );
    assert.ok(!printed.includes(bearer));
  }));

Deno.test("keys of another application take the place of those that are there only where the person says so", () =>
  withSandbox(async (given) => {
    const path = join(given.home, ".twarc");
    const old = { consumer_key: "other", consumer_secret: "s", bearer_token: "t" };
    await writeProfile(path, "main", old);
    const { consumer_key, consumer_secret } = given.sandbox.keys;
    const answers = new Map([["Consumer key", consumer_key], ["Consumer secret", consumer_secret]]);
    const person = new Person((message) => Promise.resolve(answers.get(message) ?? null));
    for (const [yes, stays] of [[false, true], [true, false]] as const) {
      person.confirm = (message) => {
        assert.match(message, /has keys of another application: .*bearer_token\. Replace them\?/);
        return Promise.resolve(yes);
      };
      await configure(person, ["--app"], given);
      const now = { ...await readProfile([path]) };
      assert.deepEqual(now, stays ? old : { consumer_key, consumer_secret });
    }
    await writeProfile(path, "main", old);
    person.confirm = () => Promise.resolve(null);
    await assert.rejects(configure(person, ["--app"], given), /keys of another application/);
    assert.deepEqual({ ...await readProfile([path]) }, old);
    await configure(person, ["--app", "--yes"], given);
    assert.deepEqual({ ...await readProfile([path]) }, { consumer_key, consumer_secret });
  }));

Deno.test("keys that the API does not take are not stored, unless nobody asks it; where it does not answer, that is said", () =>
  withSandbox(async (given) => {
    const person = new Person((message) => Promise.resolve(message.replace(" ", "-")));
    for (const flag of ["--bearer-token", "--app"]) {
      await assert.rejects(configure(person, [flag], given), /rejected these keys/);
      await assert.rejects(Deno.stat(join(given.home, ".twarc")), Deno.errors.NotFound);
    }
    given.sandbox.troubles.add({ kind: "503", path: "usage" });
    const silent = new Person(() => Promise.resolve(given.sandbox.bearer));
    await configure(silent, ["--bearer-token"], given);
    assert.match(silent.printed.join(""), /The keys could not be tried: .*503/);
    await configure(person, ["--app", "--no-check"], given);
    assert.equal((await readProfile([join(given.home, ".twarc")])).consumer_key, "Consumer-key");
  }));

Deno.test("a token is stored without what a paste brings, or refused with the reason and without the token", () =>
  withSandbox(async (given) => {
    const path = join(given.home, "pasted");
    const args = ["--bearer-token", "--no-check", "--twarc-config-filepath", path];
    for (
      const pasted of [
        "Bearer a-token",
        "Authorization: bearer a-token",
        '"a-token",',
        "\u201ca-token\u201d",
        "\ufeffa-\u200btoken\u00a0",
      ]
    ) {
      await configure(new Person(() => Promise.resolve(pasted)), args, given);
      assert.equal((await readProfile([path], "main")).bearer_token, "a-token", pasted);
    }
    for (
      const [pasted, says] of [
        ["a-token another", /^UserError: Bearer token has a space or a line end in it/],
        ["a-t\u043eken", /has an invalid character \(U\+043E\)/],
        ["<a-token>", /has a quote or a bracket/],
        ['\u200b""', /is empty/],
      ] as const
    ) {
      const person = new Person(() => Promise.resolve(pasted));
      await assert.rejects(configure(person, args, given), says);
      assert.equal((await readProfile([path], "main")).bearer_token, "a-token");
    }
  }));

Deno.test("a consumer pair is stored alone, without a login", () =>
  withSandbox(async (given) => {
    const person = new Person((message) => Promise.resolve(message.replace(" ", "-")));
    await configure(person, ["--app", "--no-check"], given);
    assert.deepEqual({ ...await readProfile([join(given.home, ".twarc")]) }, {
      consumer_key: "Consumer-key",
      consumer_secret: "Consumer-secret",
    });
  }));

Deno.test("without a name the profiles of twarc and twarc2 are listed, and no secret", () =>
  withSandbox(async (given) => {
    const person = new Person(() => Promise.resolve("a-token"));
    await configure(person, ["--profile"], given);
    assert.match(person.printed.join(""), /No keys were found in .*\.twarc or .*config\./);
    await configure(person, ["--bearer-token", "--no-check"], given);
    const [, second = ""] = keysPaths({ env: { HOME: given.home } });
    await Deno.mkdir(dirname(second), { recursive: true });
    await Deno.writeTextFile(second, "[lab]\nconsumer_key = 'k'\nconsumer_secret = 'a-secret'\n");
    person.printed.length = 0;
    await configure(person, ["--profile"], given);
    assert.deepEqual(person.printed, [
      `main  ${join(given.home, ".twarc")}  (bearer_token)\n`,
      `lab  ${second}  (consumer_key, consumer_secret)\n`,
    ]);
  }));

const hasScript = await runsHere("script");

Deno.test({
  name: "a terminal that says it has no columns gets its questions on a line each",
  ignore: !hasScript,
  fn: () =>
    inPlace(async (place) => {
      // A terminal that `script` makes has a size of 0 by 0 where standard input is none.
      const asked = place.spawn(
        ["configure", "--profile", "x"],
        {},
        'exec script -qec "$*" /dev/null',
      );
      let said = "";
      for await (const text of asked.stdout.pipeThrough(new TextDecoderStream())) {
        // It waits for an answer then, and ends with its terminal.
        if (/Consumer key/.test(said += text)) asked.kill("SIGTERM");
      }
      assert.match(said, /Consumer key/);
      await Promise.all([asked.status, asked.stderr.cancel()]);
    }),
});
