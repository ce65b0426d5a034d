/** Requests in the form in which they are sent, and signed as a user of an app (RFC 5849), by twitter-api-v2. */

// The rest of the package, with each address of the API and its types, takes longer to load than a harvest to begin.
import { OAuth1Helper } from "twitter-api-v2/dist/esm/client-mixins/oauth1.helper.js";
import type { JsonObject } from "../../base/json.ts";

/** A key and its secret. */
interface KeyPair {
  key: string;
  secret: string;
}

/** The signer of a request: an app, and a user of it once there is a token of theirs. */
export interface UserKeys {
  consumer: KeyPair;
  access?: KeyPair;
}

/** A request with parameters. */
export interface FormRequest {
  method: "GET" | "POST" | "DELETE";
  /** The query of a GET, the form of a POST. */
  parameters: Record<string, string>;
  /** A body of JSON instead of a form; `parameters` are the query then. */
  json?: JsonObject | undefined;
}

/** A request that can be sent. */
export interface SignedRequest {
  url: string;
  method: string;
  headers: Record<string, string>;
  body: string | null;
}

const FORM_TYPE = "application/x-www-form-urlencoded;charset=UTF-8";

/** Returns a request to send, with a signature for one try, where there are keys for one. */
export function toSend(
  { method, parameters, json }: FormRequest,
  url: URL,
  keys?: UserKeys,
): SignedRequest {
  // A body of JSON is not part of a signature (RFC 5849, 3.4.1.3.1).
  const signed = keys ? { authorization: signature({ method, parameters, url, keys }) } : {};
  if (method === "POST" && !json) {
    const headers = { ...signed, "content-type": FORM_TYPE };
    return { url: url.href, method, headers, body: encodeForm(parameters) || null };
  }
  const type = json ? { "content-type": "application/json" } : {};
  return {
    url: withQuery(url, parameters),
    method,
    headers: { ...signed, ...type },
    body: json ? JSON.stringify(json) : null,
  };
}

function signature(
  { method, parameters, url, keys }: Pick<FormRequest, "method" | "parameters"> & {
    url: URL;
    keys: UserKeys;
  },
): string {
  const helper = new OAuth1Helper({ consumerKeys: keys.consumer });
  const request = { url: url.href, method, data: parameters };
  return helper.toHeader(helper.authorize(request, keys.access)).Authorization;
}

/** Returns a form as it is signed: with `*` encoded, which a browser does not encode. */
function encodeForm(parameters: Record<string, string>): string {
  return new URLSearchParams(parameters).toString().replaceAll("*", "%2A");
}

/** Returns an address with a query whose characters are encoded as they are signed: a space is %20. */
function withQuery(url: URL, parameters: Record<string, string>): string {
  const query = Object.entries(parameters).map((pair) =>
    pair.map((text) => OAuth1Helper.percentEncode(text)).join("=")
  );
  return query.length === 0 ? url.href : `${url.href}?${query.join("&")}`;
}
