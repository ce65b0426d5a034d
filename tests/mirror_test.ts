/** `tests/` mirrors `lib/`: a file without a test at its own path is tested where this table says. */

import assert from "node:assert/strict";
import { dependants, reached, ROOT, sources } from "./sources.ts";

/** The tests of files that have none of their own, by what their paths begin with: the longest row holds. That of a room names where to look first. */
const ELSEWHERE: Record<string, string> = {
  // The program as a whole: it takes processes, and what they print.
  "app/": "e2e/terminal_test.ts",
  "app/harvest_here.ts": "e2e/signals_test.ts",
  "app/network.ts": "e2e/timeline_test.ts",
  "cli/": "e2e/full_output_test.ts",
  "cli/collection/compliance.ts": "e2e/compliance_test.ts",
  "cli/collection/copier.ts": "cli/download_meanwhile_test.ts",
  "cli/collection/download_inventory.ts": "cli/collection/download_again_test.ts",
  "cli/collection/dehydrate.ts": "e2e/dehydrate_test.ts",
  "cli/collection/export": "e2e/export_test.ts",
  "cli/collection/coverage.ts": "e2e/schedule_test.ts",
  "cli/text/coverage_text.ts": "archive/coverage_test.ts",
  "cli/text/report_data.ts": "cli/text/report_text_test.ts",
  "bucket/coverage.ts": "archive/coverage_test.ts",
  "cli/collection/gaps.ts": "e2e/search_test.ts",
  "cli/collection/hydrate.ts": "e2e/hydrate_test.ts",
  "cli/collection/left_out.ts": "cli/download_strays_test.ts",
  "cli/collection/names.ts": "e2e/full_output_test.ts",
  "cli/collection/redact_keys.ts": "e2e/redact_keys_test.ts",
  "cli/collection/schedules.ts": "e2e/schedule_test.ts",
  "cli/collection/transfer_run.ts": "cli/collection/transfer_test.ts",
  "cli/collection/verify.ts": "e2e/verify_test.ts",
  "cli/collection_config/": "e2e/bad_input_test.ts",
  "cli/collection_config/estimate": "e2e/bill_test.ts",
  "cli/harvest/scheduler.ts": "e2e/schedule_test.ts",
  "estimate/": "e2e/bill_test.ts",
  "export/": "e2e/export_test.ts",
  "sandbox/": "e2e/demo_test.ts",
  "sandbox/v1/": "twitter/v1/api_test.ts",
  "sandbox/v2/": "twitter/v2/api_test.ts",
  // Parts of one thing, which is tested whole.
  "archive/": "e2e/full_output_test.ts",
  "bucket/": "harvester_test.ts",
  "control/": "control/control_test.ts",
  "format/": "e2e/full_output_test.ts",
  "store/s3/": "e2e/s3_test.ts",
  "archive/compliance.ts": "e2e/compliance_test.ts",
  "archive/file_check.ts": "archive/verify_test.ts",
  "archive/found.ts": "archive/verify_test.ts",
  "archive/gap_fill.ts": "e2e/search_test.ts",
  "archive/garbage.ts": "archive/removal_test.ts",
  "archive/holes.ts": "archive/lost_test.ts",
  "archive/last_harvest.ts": "archive/verify_test.ts",
  "archive/lost_": "archive/lost_test.ts",
  "archive/inventory_removal.ts": "archive/removal_test.ts",
  "archive/repair_inventory.ts": "archive/repair_test.ts",
  "collection/types/brings_again.ts": "source/returns_test.ts",
  "archive/remade.ts": "archive/repair_test.ts",
  "archive/transfer_marks.ts": "archive/transfer_test.ts",
  "archive/set_aside.ts": "archive/repair_test.ts",
  "cli/collection/cat.ts": "format/surrogates_test.ts",
  "bucket/freezing.ts": "cli/collection/freeze_test.ts",
  "bucket/fixity.ts": "archive/fixity_test.ts",
  "bucket/folders.ts": "archive/verify_growth_test.ts",
  "bucket/checkpoint_state.ts": "bucket/checkpoint_test.ts",
  "bucket/known_checkpoint.ts": "archive/restore_test.ts",
  "archive/restored_": "archive/restore_test.ts",
  "archive/summing.ts": "archive/verify_inventory_test.ts",
  "archive/verify_harvest.ts": "archive/verify_test.ts",
  "bucket/harvest_sums.ts": "archive/verify_inventory_test.ts",
  "bucket/identity.ts": "runner/local/recognised_test.ts",
  "bucket/readme_text.ts": "bucket/readme_test.ts",
  "bucket/history.ts": "bucket/collections_test.ts",
  "bucket/inventory_": "bucket/inventory_test.ts",
  "bucket/last_harvest.ts": "bucket/collections_test.ts",
  "bucket/listing.ts": "cli/download_meanwhile_test.ts",
  "bucket/manifest.ts": "archive/verify_test.ts",
  "bucket/process_facts.ts": "bucket/process_test.ts",
  "bucket/profile_users.ts": "e2e/full_output_test.ts",
  "bucket/stream_limit.ts": "e2e/filter_ends_test.ts",
  "collection/": "collection/config_test.ts",
  "collection/kept_readme.ts": "bucket/readme_test.ts",
  "collection/harvest_info.ts": "bucket/projection_test.ts",
  "collection/rebase.ts": "bucket/collections_test.ts",
  "collection/types/": "collection/types/registry_test.ts",
  "collection/recovered.ts": "e2e/spool_test.ts",
  "collection/walks.ts": "archive/restore_test.ts",
  "format/words.ts": "format/tweets_test.ts",
  "harvest/": "harvester_test.ts",
  "harvest/files.ts": "harvest/power_cut_test.ts",
  "harvest/opened_network.ts": "harvest/network_test.ts",
  "harvest/recovery/": "harvest/recovery/left_cuts_test.ts",
  "harvest/spool.ts": "harvest/recorder_test.ts",
  "harvest/spool_folder.ts": "harvest/segment_test.ts",
  "runner/": "runner/local/runner_test.ts",
  "runner/ecs/": "runner/ecs/runner_test.ts",
  "runner/local/": "runner/local/runner_test.ts",
  "runner/local/known.ts": "runner/local/recognised_test.ts",
  "secrets/": "secrets/secret_store_test.ts",
  "source/": "harvester_test.ts",
  "source/metered_api.ts": "e2e/bill_test.ts",
  "source/recent.ts": "source/filter_test.ts",
  "source/search.ts": "e2e/search_test.ts",
  "source/set_aside.ts": "source/user_timeline_test.ts",
  "source/user_facts.ts": "source/user_timeline_test.ts",
  "source/user_look_ups.ts": "source/user_timeline_test.ts",
  "store/": "store/folder/store_test.ts",
  "store/place.ts": "runner/local/recognised_test.ts",
  "store/open.ts": "e2e/bucket_url_test.ts",
  "twitter/": "twitter/v1/api_test.ts",
  "twitter/followed.ts": "twitter/v2/api_test.ts",
  "twitter/keys_check.ts": "e2e/full_output_test.ts",
  "twitter/reach.ts": "source/walk_test.ts",
  "twitter/refused_batch.ts": "source/hydrate_test.ts",
  "twitter/refused_names.ts": "twitter/v2/words_test.ts",
  "twitter/http/": "twitter/http/transport_test.ts",
  "twitter/v2/": "twitter/v2/api_test.ts",
  // What everything stands on: its smallest users.
  "base/": "harvester_test.ts",
  "base/api_fields.ts": "twitter/v2/fields_test.ts",
  "base/api_keys.ts": "twitter/http/signer_test.ts",
  "base/certificates.ts": "e2e/proxy_test.ts",
  "base/packed_rows.ts": "base/packed_test.ts",
  "base/texts.ts": "base/packed_test.ts",
  "base/own_folder.ts": "e2e/two_users_test.ts",
  "base/real_place.ts": "e2e/bucket_url_test.ts",
  "base/stamp.ts": "collection/layout_test.ts",
  "base/tap.ts": "archive/verify_test.ts",
  "base/typed_ids.ts": "collection/typed_test.ts",
  "base/write_all.ts": "store/folder/store_test.ts",
  "secrets/control_secret.ts": "runner/local/state_test.ts",
  "store/folder/linkless.ts": "e2e/stray_links_test.ts",
  "base/direct.ts": "e2e/proxy_test.ts",
};

function rowFor(file: string): string | undefined {
  return Object.keys(ELSEWHERE).filter((start) => file.startsWith(start))
    .toSorted((a, b) => b.length - a.length)[0];
}

Deno.test("every file of lib has a test at its own path, or one that reaches it", async () => {
  const imports = await dependants();
  const files = (await sources(`${ROOT}lib`)).map((path) => path.slice(`${ROOT}lib/`.length));
  const tests = new Set(await sources(`${ROOT}tests`));
  for (const file of files) {
    if (tests.has(`${ROOT}tests/${file.replace(/\.ts$/, "_test.ts")}`)) continue;
    const row = rowFor(file) ?? assert.fail(`${file} has no test: give it one, or a row`);
    const isRoom = row.endsWith("/");
    const found = reached([`${ROOT}lib/${file}`], imports);
    const test = `${ROOT}tests/${ELSEWHERE[row]}`;
    const isTested = isRoom ? [...found].some((one) => one.endsWith("_test.ts")) : found.has(test);
    assert.ok(isTested, `${isRoom ? "No test" : ELSEWHERE[row]} reaches ${file}`);
  }
  const gone = Object.keys(ELSEWHERE).filter((row) => !files.some((file) => file.startsWith(row)));
  assert.deepEqual(gone, [], "Rows of files that are gone");
});
