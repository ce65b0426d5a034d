/**
 * The state of this machine's harvesters beside their bucket, in the person's state folder: logs, secret, schedules.
 */

import { join } from "node:path";
import type { AwsAccess } from "../../base/aws.ts";
import type { BucketRef } from "../../base/bucket_ref.ts";
import { errorMessage, UserError } from "../../base/errors.ts";
import { ownFolder } from "../../base/own_folder.ts";
import { knownSecret, localSecret, STATE, STATE_HINT } from "../../secrets/control_secret.ts";
import { nullIfAbsent, systemDisk } from "../../store/folder/disk.ts";
import { Folders } from "../../store/folder/folders.ts";
import { LocalStore } from "../../store/folder/store.ts";
import { type Store } from "../../store/store.ts";
import { findPlace } from "../../store/place.ts";
import { type Documents, MovedDocuments } from "./documents.ts";
import { findFolder, knownBuckets, readBucketId } from "./known.ts";

/** The person and the bucket of a state. */
export interface StateOptions {
  bucket: BucketRef;
  aws: AwsAccess;
  env: Record<string, string | undefined>;
}

/**
 * Returns the person's folder for a bucket's state: a different one for each folder, whatever links lead to it and
 * however it is renamed, and for each bucket of each S3.
 */
export async function localFolder({ bucket, aws, env }: StateOptions): Promise<string> {
  const [id, here, known] = await Promise.all([
    readBucketId(bucket),
    findPlace(bucket, aws),
    knownBuckets(env),
  ]);
  return findFolder(bucket, { id, here, known, env });
}

/** The state of one bucket's harvesters on this machine. */
export class LocalState {
  readonly folder: string;
  /** Schedules, and harvesters to keep alive, with those that an earlier version kept in a folder bucket. */
  readonly documents: Documents;
  /** The place of this state in an earlier version. */
  readonly #former: string | undefined;

  private constructor(folder: string, documents: Documents, former: string | undefined) {
    this.folder = folder;
    this.documents = documents;
    this.#former = former;
  }

  /** Opens it: nothing is created before the first write. */
  static async open({ store, ...options }: StateOptions & { store: Store }): Promise<LocalState> {
    const folder = await localFolder(options);
    const kept = await LocalStore.open(folder);
    const own: Documents = {
      get: (key) => kept.get(key),
      list: (prefix) => kept.list(prefix),
      delete: (key, when) => kept.delete(key, when),
      async put(key, bytes, when) {
        await madeFolder(folder);
        return await kept.put(key, bytes, when);
      },
    };
    const { bucket } = options;
    return bucket.kind === "folder"
      ? new LocalState(folder, new MovedDocuments(own, store), bucket.path)
      : new LocalState(folder, own, undefined);
  }

  /** Returns the control secret, created on first use. @throws UserError where it can be neither read nor written. */
  secret(): Promise<string> {
    return localSecret(this.folder);
  }

  /** Returns the control secret of harvesters that an earlier version has started; null where there is none. */
  async formerSecret(): Promise<string | null> {
    if (this.#former === undefined) return null;
    return await knownSecret(this.#former);
  }

  /** Returns the path of the log of a collection's harvesters. */
  logPath(collectionId: string): string {
    return join(this.folder, "runner", "logs", `${collectionId}.log`);
  }

  /** Returns the path of the existing log; null where there is none yet. */
  async foundLog(collectionId: string): Promise<string | null> {
    const former = this.#former === undefined
      ? []
      : [join(this.#former, "runner", "logs", `${collectionId}.log`)];
    for (const path of [this.logPath(collectionId), ...former]) {
      if (await Deno.stat(path).catch(() => null)) return path;
    }
    return null;
  }

  /** Creates the folder of a log. @throws UserError where the log would be written through a link. */
  async makeLogFolder(log: string): Promise<void> {
    try {
      await madeFolder(this.folder);
      await new Folders(this.folder, systemDisk).within(log, async () => {
        const found = await Deno.lstat(log).catch(nullIfAbsent);
        if (found && !found.isFile) throw new UserError(`${log} is not a file`);
      });
    } catch (cause) {
      if (cause instanceof UserError) throw cause;
      throw new UserError(
        `The folder for logs, ${this.folder}, cannot be used: ${errorMessage(cause)}`,
        {
          cause,
          hint: STATE_HINT,
        },
      );
    }
  }
}

/** Creates a folder for this person alone. @throws UserError where others may write there. */
async function madeFolder(folder: string): Promise<void> {
  await ownFolder(folder, { called: STATE, hint: STATE_HINT });
}
