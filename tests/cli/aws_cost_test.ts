import assert from "node:assert/strict";
import { awsCost, isOnAws, readTask } from "../../lib/cli/aws_cost.ts";
import { Settings } from "../../lib/base/settings.ts";

const X86 = readTask(() => undefined);

Deno.test("a month of a stream is its task, its address and its requests, whether something comes or not", () => {
  assert.equal(
    awsCost("filter", X86),
    "On AWS a month of it costs 13.36 to 15.07 dollars: task 9.01, address 3.65, requests 0.70 to 2.41. " +
      "Storage is 0.023 dollars a GB and month, logs 0.50 dollars a GB (AWS's list prices of us-east-1, 2025).",
  );
  const ini: Record<string, string> = { architecture: "ARM64", cpu: "512", memory: "1024" };
  assert.match(awsCost("filter", readTask((name) => ini[name])), /: task 14\.42, address 3\.65, /);
});

Deno.test("one run is told by the hour, and a schedule by the month", () => {
  assert.match(
    awsCost("search", X86),
    /^On AWS it costs 0\.021 dollars per hour: task 0\.012, address 0\.005, requests 0\.003 at most\. /,
  );
  const monthly = awsCost("user_timeline", X86, 3_600_000);
  assert.match(
    monthly,
    /^On AWS a month of it \(730 runs\) costs 0\.26 dollars where each takes a minute; /,
  );
});

Deno.test("prices are those of AWS: harvesters of this machine, and a store of one's own, have none", async () => {
  const folder = await Deno.makeTempDir({ prefix: "twarc-cloud-test-" });
  try {
    const iniPath = `${folder}/twarc_cloud.ini`;
    await Deno.writeTextFile(iniPath, "[DEFAULT]\ncluster = c\n");
    const isPriced = async (bucket: string, env: Record<string, string> = {}) =>
      isOnAws(await Settings.load({ bucket, env, iniPath }));
    assert.equal(await isPriced("s3://news"), true);
    assert.equal(await isPriced("./folder"), false);
    const own = { AWS_ENDPOINT_URL_S3: "http://127.0.0.1:1" };
    assert.equal(await isPriced("s3://news", own), false);
    assert.equal(isOnAws(await Settings.load({ bucket: "news", env: {}, iniPath: "/no" })), false);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
