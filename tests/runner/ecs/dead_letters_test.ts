import { GetScheduleCommand, SchedulerClient } from "@aws-sdk/client-scheduler";
import assert from "node:assert/strict";
import { systemClock } from "../../../lib/base/clock.ts";
import { OutsideError, UserError } from "../../../lib/base/errors.ts";
import { EcsSchedules } from "../../../lib/runner/ecs/schedules.ts";
import { awsName } from "../../../lib/runner/ecs/task_definition.ts";
import { parseSchedule } from "../../../lib/runner/schedule.ts";
import { ACCOUNT, type Letter, makeQueue } from "../../peers/dead_letters.ts";
import { type Moto, MOTO_KEYS, MOTO_REGION, sharedMoto } from "../../peers/moto.ts";

const ROLE = `arn:aws:iam::${ACCOUNT}:role/twarc-cloud-scheduler`;
const LONG = "a collection/with an odd name that is longer than what AWS takes for a name";
const TARGET = {
  cluster: `arn:aws:ecs:${MOTO_REGION}:${ACCOUNT}:cluster/twarc-cloud`,
  role: ROLE,
  definition: `arn:aws:ecs:${MOTO_REGION}:${ACCOUNT}:task-definition/x`,
  subnet: "subnet-1",
  securityGroup: "sg-1",
  spot: false,
};

let moto: Moto;
Deno.test.beforeAll(async () => {
  moto = await sharedMoto();
});
Deno.test.afterAll(() => moto.close());

const config = () => ({
  region: MOTO_REGION,
  endpoint: moto.url,
  credentials: { accessKeyId: "testing", secretAccessKey: "testing" },
});

/** The schedules of a bucket with a queue, and what puts runs into it. */
async function withQueue(bucket: string) {
  const { arn: deadLetters, send, close } = await makeQueue(moto.url, `${bucket}-dead-letters`);
  const access = { region: MOTO_REGION, endpoint: moto.url, ...MOTO_KEYS };
  const schedules = new EcsSchedules(bucket, { access, clock: systemClock, deadLetters });
  return { schedules, deadLetters, send, close };
}

function letter(schedule: string, at: string, code: string, message: string): Letter {
  return { schedule, at, code, message };
}

async function queueOf(group: string, name: string) {
  const client = new SchedulerClient(config());
  const found = await client.send(new GetScheduleCommand({ GroupName: group, Name: name }));
  client.destroy();
  return found.Target?.DeadLetterConfig?.Arn;
}

Deno.test("a schedule has the queue for runs that cannot be started, also one that is made anew", async () => {
  const { schedules, deadLetters, close } = await withQueue("anew");
  const before = new EcsSchedules("anew", {
    access: { region: MOTO_REGION, endpoint: moto.url, ...MOTO_KEYS },
    clock: systemClock,
  });
  await before.put("a", parseSchedule("rate(7 days)"), TARGET);
  assert.equal(await queueOf("twarc-cloud_anew", "a"), undefined);
  await schedules.put("a", parseSchedule("rate(7 days)"), TARGET);
  assert.equal(await queueOf("twarc-cloud_anew", "a"), deadLetters);
  close();
});

Deno.test("which schedules could not be started is known with when, why and what to do, and whoever looks takes nothing away", async () => {
  const { schedules, send, close } = await withQueue("tweets");
  for (const id of ["a", "b", "c", LONG]) {
    await schedules.put(id, parseSchedule("rate(1 day)"), TARGET);
  }
  const scheduled = await Array.fromAsync(schedules.list());
  assert.deepEqual(await schedules.notStarted(scheduled), []);
  const days = Array.from({ length: 25 }, (_, n) => `2026-11-${`${n + 1}`.padStart(2, "0")}`);
  await send([
    ...days.map((day) =>
      letter(
        "twarc-cloud_tweets/a",
        `${day}T10:00:00Z`,
        "AccessDeniedException",
        "User is not authorized to perform: ecs:RunTask",
      )
    ),
    letter("twarc-cloud_tweets/b", "2026-11-02T10:00:00Z", "ClientException", "No capacity there"),
    letter("twarc-cloud_other/c", "2026-11-02T10:00:00Z", "ClientException", "Not this bucket's"),
    letter(
      `twarc-cloud_tweets/${awsName(LONG, 64)}`,
      "2026-11-03T10:00:00Z",
      "InvalidParameterException",
      "Subnet is gone",
    ),
    null,
  ]);
  for (let look = 0; look < 2; look++) {
    const found = new Map(
      (await schedules.notStarted(scheduled)).map((one) => [one.collectionId, one]),
    );
    assert.deepEqual([...found.keys()].toSorted(), ["a", LONG, "b"].toSorted());
    const { times, first, last, message, hint } = found.get("a") ?? assert.fail();
    assert.deepEqual(
      [times, first, last],
      [25, "2026-11-01T10:00:00.000Z", "2026-11-25T10:00:00.000Z"],
    );
    assert.match(message, /AccessDeniedException: User is not authorized to perform: ecs:RunTask/);
    assert.match(hint ?? "", /event_role_arn.*terraform apply/);
    assert.match(found.get("b")?.message ?? "", /AWS has no capacity there now/);
    assert.match(found.get(LONG)?.hint ?? "", /Look at subnet/);
  }
  const others = scheduled.filter(({ collectionId }) => collectionId === "c");
  assert.deepEqual(
    await schedules.notStarted(others),
    [],
    "Of a schedule that was ended nothing is said",
  );
  close();
});

Deno.test("a queue that is not there, or is none, is said", async () => {
  const scheduled = [{ collectionId: "a", schedule: parseSchedule("rate(1 day)") }];
  const access = { region: MOTO_REGION, endpoint: moto.url, ...MOTO_KEYS };
  const of = (deadLetters: string) =>
    new EcsSchedules("none", { access, clock: systemClock, deadLetters });
  await assert.rejects(
    of(`arn:aws:sqs:${MOTO_REGION}:${ACCOUNT}:gone`).notStarted(scheduled),
    (error) => {
      assert.ok(error instanceof UserError || error instanceof OutsideError);
      assert.match(error.message, /^Looking at the queue gone/);
      return true;
    },
  );
  const isNone = { name: "UserError", message: /dead_letter_queue is "a queue"/ };
  await assert.rejects(of("a queue").notStarted(scheduled), isNone);
  await assert.rejects(of("a queue").put("a", parseSchedule("rate(1 day)"), TARGET), isNone);
});
