import assert from "node:assert/strict";
import { SHIPPED_PERMISSIONS } from "../shipped.ts";
import { mayUnshare, runSealed } from "./sealed.ts";

/** Every command that ends by itself, and its exit code; ID is the collection's. */
const COMMANDS: [string, number][] = [
  ["--version", 0],
  ["collection-config template search --id ID --yes", 0],
  ["collection-config --help", 0],
  ["collection add --collection-config-filepath ID.json", 0],
  ["collection list", 0],
  ["collection-config changes ID", 0],
  ["collection-config download ID", 0],
  ["collection-config keys", 1],
  ["collection-config estimate", 0],
  ["collection scheduled", 0],
  // The container's entrypoint, and what starts one.
  ["harvest run ID --port 0 --shutdown", 0],
  ["collection once ID --wait", 0],
  ["harvest list", 0],
  ["harvest running ID", 1],
  ["harvest last ID", 0],
  ["harvest logs ID", 0],
  ["harvest unlock ID", 0],
  ["collection verify ID", 0],
  ["collection dehydrate ID", 0],
  ["collection export ID", 0],
  ["collection stats ID", 0],
  ["collection report ID", 0],
  ["collection download ID", 0],
  ["collection stop ID", 1],
  ["configure --bearer-token", 1],
];
/** Those that look for the person's folders. */
const OF_HOME = /^(collection add|harvest run|collection once|harvest logs|collection-config keys)/;
const AT_ROOT = COMMANDS.filter(([command]) => OF_HOME.test(command));

function listOf(commands: [string, number][]): string {
  return commands.map(([command]) => command).join("\n");
}

Deno.test({
  name:
    "every command works with the shipped permissions for a user whom nobody knows, without HOME or with HOME=/ (wants root)",
  ignore: !await mayUnshare(),
  // It starts some thirty processes, one after the other.
  timeout: 900_000,
  async fn() {
    const env = { COMMANDS: listOf(COMMANDS), COMMANDS_OF_ROOT: listOf(AT_ROOT) };
    const { out: said, err } = await runSealed("anybody.sh", {
      args: [SHIPPED_PERMISSIONS.join(" ")],
      env,
      ms: 840_000,
    });
    const lines = said.replace(/\n$/, "").split("\n");
    const wanted = [
      ...COMMANDS.map(([command, code]) => `${code} none ${command.replaceAll("ID", "find-none")}`),
      ...AT_ROOT.map(([command, code]) => `${code} / ${command.replaceAll("ID", "find-root")}`),
    ];
    const seen = lines.map((line) => line.split(" | ")[0]);
    assert.deepEqual(seen, wanted, said + err);
    assert.doesNotMatch(said, /NotCapable|sys access|This is a bug/);
  },
});
