/** Composes, from the settings, a harvest in this process and the recovery of what harvesters left. */

import { OutsideError } from "../base/errors.ts";
import type { Settings } from "../base/settings.ts";
import type { Context, HarvestRun, RecoverRun } from "../cli/context.ts";
import { credentialsMayRun, giveUp } from "../cli/permissions.ts";
import type { Recovered } from "../collection/recovered.ts";
import type { CollectionConfig } from "../collection/types/registry.ts";
import type { SpoolPlace } from "../harvest/recovery/spool_place.ts";
import type { Store } from "../store/store.ts";
import { reportingFailure } from "./failure.ts";
import { openNetwork } from "./network.ts";
import { TERMINAL } from "./terminal.ts";

/**
 * Runs a harvest, and logs to standard error. @param narrows Whether this process drops the permissions it does not
 * need
 */
export async function harvestHere(
  { settings, collectionId, flags, shutdown, port, monitor, spool }: HarvestRun,
  { clock, env, signal }: Context,
  narrows: boolean,
): Promise<void> {
  const { openStore } = await import("../store/open.ts");
  const { configuredLimits, toLimits } = await import("../collection/limits.ts");
  const { holderIsGone, thisProcess } = await import("../bucket/process.ts");
  const { harvest } = await import("../../harvester.ts");
  await startLogging(env);
  const limitsFor = (config: CollectionConfig) =>
    toLimits({ ...configuredLimits(config), ...flags });
  const secrets: string[] = [];
  const onSecret = (secret: string) => void secrets.push(secret);
  const opening = { settings, clock, env, limitsFor, onSecret };
  await reportingFailure({ collectionId, settings, secrets, env }, async () => {
    const store = await openStore(settings.bucket, settings.aws);
    const bucketId = await readBucketId(store, settings, { clock, env });
    await harvest({
      collectionId,
      store,
      clock,
      limits: toLimits(flags),
      limitsFor,
      openNetwork: (config, waits) => openNetwork(config, waits, opening),
      control: {
        hostname: env.TWARC_CLOUD_HOST ?? "127.0.0.1",
        port,
        secret: () => controlSecret(settings, env),
      },
      process: thisProcess(),
      isGone: holderIsGone,
      spool: await spoolPlace({ settings, collectionId, spool, bucketId }, env),
      shutdown,
      monitor,
      ended: async () => {
        const { OWN_SERVICE, restOwnService } = await import("../runner/ecs/own_service.ts");
        return await restOwnService(env[OWN_SERVICE], settings.aws);
      },
      begun: async () => {
        if (narrows && !credentialsMayRun(settings, env)) await giveUp("run");
      },
      signal,
    });
  });
}

/**
 * Returns the id of the bucket; null if it has none, or is unreachable now, which does not stop a harvest.
 * @throws UserError if it is an unidentified copy of another bucket.
 */
async function readBucketId(
  store: Store,
  { bucket, aws }: Settings,
  person: Pick<Context, "clock" | "env">,
): Promise<string | null> {
  const { recogniseBucket: recognised } = await import("../runner/local/recognised.ts");
  try {
    return (await recognised({ bucket, aws, store, ...person }))?.id ?? null;
  } catch (error) {
    if (error instanceof OutsideError) return null;
    throw error;
  }
}

/** Recovers what interrupted harvesters left on this machine. */
export async function recoverHere(
  { settings, spool, ...run }: RecoverRun,
  { clock, env, signal }: Context,
): Promise<Recovered> {
  const { thisProcess } = await import("../bucket/process.ts");
  const { recover } = await import("../harvest/recovery/recover.ts");
  await startLogging(env);
  const { collectionId, store } = run;
  const bucketId = await readBucketId(store, settings, { clock, env });
  const place = await spoolPlace({ settings, collectionId, spool, bucketId }, env);
  return await recover({ ...run, clock, spool: place, process: thisProcess(), signal });
}

async function startLogging(env: Context["env"]): Promise<void> {
  const { logForm, startLog } = await import("../base/log.ts");
  await startLog(TERMINAL.err, logForm(env));
}

/** Returns the folder for a harvest's temporary files. */
async function spoolPlace(
  { settings, collectionId, spool: folder, bucketId }:
    & Pick<HarvestRun, "settings" | "collectionId" | "spool">
    & { bucketId: string | null },
  env: Context["env"],
): Promise<SpoolPlace> {
  const { thisProcess } = await import("../bucket/process.ts");
  const { openPlace } = await import("../harvest/recovery/spool_place.ts");
  const { formerPlaces } = await import("../runner/local/known.ts");
  return await openPlace({
    bucket: settings.bucket,
    ...(bucketId === null ? {} : { bucketId, formerPlaces: await formerPlaces(bucketId, env) }),
    collectionId,
    process: thisProcess(),
    folder,
    secret: await noteSecret(settings, env),
    person: { env },
  });
}

/** Returns the control secret, so that a harvester started by hand is controlled like one that the runner starts. */
async function controlSecret(settings: Settings, env: Context["env"]): Promise<string> {
  const { localSecret } = await import("../secrets/control_secret.ts");
  return settings.controlSecret ?? await localSecret(await stateFolder(settings, env));
}

/**
 * Returns the secret that decrypts harvesters' notes in an S3 bucket: the control secret, wherever it is configured.
 */
async function noteSecret(settings: Settings, env: Context["env"]): Promise<string | undefined> {
  if (settings.bucket.kind === "folder") return undefined;
  const { knownSecret } = await import("../secrets/control_secret.ts");
  return settings.controlSecret ?? await knownSecret(await stateFolder(settings, env)) ?? undefined;
}

async function stateFolder({ bucket, aws }: Settings, env: Context["env"]) {
  const { localFolder } = await import("../runner/local/state.ts");
  return await localFolder({ bucket, aws, env });
}
