/** Whose certificates are trusted, where the environment names authorities. */

import process from "node:process";
import { messageOf, UserError } from "./errors.ts";

const BUNDLE = "AWS_CA_BUNDLE";

/**
 * Has Deno take in NODE_EXTRA_CA_CERTS for fetch and for Node.js's part alike, and takes it out of this process's
 * environment: that part would look for itself what it has no right to, and forget DENO_CERT.
 */
export function settleCertificates(env: Pick<typeof Deno.env, "get" | "delete">): void {
  if (!env.get("NODE_EXTRA_CA_CERTS")) return;
  // Deno reads it once, when it is about to make its first connection.
  Deno.createHttpClient({}).close();
  env.delete("NODE_EXTRA_CA_CERTS");
}

/**
 * Returns the certificates (PEM) of the authorities that AWS_CA_BUNDLE names in place of all others, as AWS's own command
 * line takes it; null where it is not set.
 * @throws UserError for a file that cannot be read, or that has none.
 */
export function awsAuthorities(): string | null {
  const path = process.env[BUNDLE];
  if (!path) return null;
  const hint =
    `Set ${BUNDLE} to a file (PEM) with certificates, or unset it: DENO_CERT, or DENO_TLS_CA_STORE=system, holds for all.`;
  let text: string;
  try {
    text = Deno.readTextFileSync(path);
  } catch (cause) {
    throw new UserError(`${BUNDLE} names ${path}, which cannot be read: ${messageOf(cause)}`, {
      cause,
      hint,
    });
  }
  if (text.includes("-----BEGIN CERTIFICATE-----")) return text;
  throw new UserError(`${BUNDLE} names ${path}, which has no certificate`, { hint });
}
