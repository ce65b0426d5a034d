/** Trusted certificate authorities that the environment names. */

import process from "node:process";
import { errorMessage, UserError } from "./errors.ts";

const BUNDLE = "AWS_CA_BUNDLE";

/**
 * Makes Deno read NODE_EXTRA_CA_CERTS for fetch and for its Node.js layer, and removes it from this process's
 * environment: that layer would read the file itself, without permission, and ignore DENO_CERT.
 */
export function settleCertificates(env: Pick<typeof Deno.env, "get" | "delete">): void {
  if (!env.get("NODE_EXTRA_CA_CERTS")) return;
  // Deno reads it once, just before its first connection.
  Deno.createHttpClient({}).close();
  env.delete("NODE_EXTRA_CA_CERTS");
}

/**
 * Returns the certificates (PEM) of AWS_CA_BUNDLE, which replace all others as in AWS's own command line; null if it is
 * not set.
 * @throws UserError for a file that cannot be read or has no certificate
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
    throw new UserError(`${BUNDLE} names ${path}, which cannot be read: ${errorMessage(cause)}`, {
      cause,
      hint,
    });
  }
  if (text.includes("-----BEGIN CERTIFICATE-----")) return text;
  throw new UserError(`${BUNDLE} names ${path}, which has no certificate`, { hint });
}
