/** The command `twarc-cloud collection names`: lists the names that users of a collection have had. */

import type { Command } from "@commander-js/extra-typings";
import { type Context, openBucket } from "../context.ts";
import { bucketOption, example } from "../options.ts";

/** Adds the command. */
export function addRegister(group: Command, context: Context): void {
  const { output } = context;
  group.command("names")
    .summary("List the names that a collection's users had.")
    .description(
      "Lists the screen names of each user, with the times at which harvests saw them change. Users that were removed " +
        "are included.",
    )
    .argument("<collection-id>", "collection")
    .addOption(bucketOption())
    .option("--json", "print JSON")
    .addHelpText("after", example("collection names test_collection"))
    .action(async (collectionId, { bucket, json }) => {
      const { collections } = await openBucket(context, { bucket });
      const { listNames } = await import("../../collection/names.ts");
      const users = [...listNames((await collections.loadJson(collectionId)).json)];
      if (json) return output.json(users);
      if (users.length === 0) return output.line("No names are known: harvests find them.");
      for (const { user_id, names, is_removed } of users) {
        const texts = names.map(({ screen_name, until }) =>
          until === undefined ? screen_name : `${screen_name} (until ${until})`
        );
        output.line(`${user_id}: ${texts.join(", ")}${is_removed ? "; removed" : ""}`);
      }
    });
}
