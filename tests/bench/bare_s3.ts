/** Requests to moto's server by one who signs and checks nothing. */

import { type Moto, MOTO_KEYS, MOTO_REGION } from "../peers/moto.ts";

/** Moto wants to see that a request is signed, and does not look with what. */
const headers = { authorization: `AWS4-HMAC-SHA256 Credential=${MOTO_KEYS.accessKey}/x/x/s3/x` };

/** Makes a bucket. */
export async function makeBucket(moto: Moto, name: string): Promise<void> {
  const body = `<CreateBucketConfiguration><LocationConstraint>${MOTO_REGION}` +
    `</LocationConstraint></CreateBucketConfiguration>`;
  await readAway(await fetch(`${moto.url}/${name}`, { method: "PUT", body }));
}

/** Puts a file. @param key With the bucket before it. */
export async function barePut(moto: Moto, key: string, path: string): Promise<void> {
  const body = await Deno.readFile(path);
  await readAway(await fetch(`${moto.url}/${key}`, { method: "PUT", body, headers }));
}

/** Gets an object, and drops it. @param key With the bucket before it. */
export async function bareGet(moto: Moto, key: string): Promise<void> {
  await readAway(await fetch(`${moto.url}/${key}`, { headers }));
}

/** Reads an answer away. @throws where it is none of success */
async function readAway(response: Response): Promise<void> {
  if (!response.ok || !response.body) {
    throw new Error(`${response.url} answered ${response.status}: ${await response.text()}`);
  }
  for await (const _ of response.body);
}
