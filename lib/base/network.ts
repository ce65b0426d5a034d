/** Explains why a request had no response: fetch and the AWS SDK hardly do. */

import process from "node:process";
import { errorMessage } from "./errors.ts";

/** How to make Deno trust a company's own certificates, as the end of a sentence. */
const TRUST = "where it is a company's own, set DENO_CERT to the file (PEM) of the " +
  "company's authority, or DENO_TLS_CA_STORE=system where this machine trusts it already";

/** The start of fetch's message, with the address and the step that failed. */
const OF_FETCH =
  /^error sending request (?:from \S+ )?for (?:url \()?([a-z]+:\/\/[^\s)]+)\)?(?: \([^)]*\))?: (?:client error \(\w+\): )?/;

/** A kind of failure. */
interface Kind {
  /** Matches the message of fetch or Node.js; the first group is the detail, if there is one. */
  says: RegExp;
  /** @param host The host of the request, if known. */
  means: (host: string, detail: string) => string;
}

const KINDS: Kind[] = [
  {
    says: /certificate (?:has )?expired[^]*|CERT_HAS_EXPIRED/i,
    means: (host) =>
      `the certificate of ${host} has expired, or this machine's clock is wrong: look at its time`,
  },
  {
    says: /certificate (?:is )?not (?:yet )?valid (?:yet|before)|CERT_NOT_YET_VALID/i,
    means: (host) =>
      `the certificate of ${host} is not valid yet, or this machine's clock is wrong: look at its time`,
  },
  {
    says: /not valid for name|altname|NotValidForName/i,
    means: (host) =>
      `the certificate of ${host} is for another name: something intercepts the connection`,
  },
  {
    says:
      /invalid peer certificate: (\w+)|(unable to (?:verify|get)[^(]*certificate)|(self[- ]signed certificate[^(]*)/i,
    means: (host, detail) => `the certificate of ${host} is not trusted here (${detail}); ${TRUST}`,
  },
  {
    says: /proxy authentication required|tunnel[^]*HTTP\/1\.\d (407)/i,
    means: () =>
      "the proxy requires authentication: put a user and password into its address, http://user:password@host:port",
  },
  {
    says: /tunnel[^]*HTTP\/1\.\d (\d+)|unsuccessful tunnel/i,
    means: (host, detail) => `the proxy does not connect to ${host}${detail && ` (${detail})`}`,
  },
  {
    says: /dns error: (?:failed to lookup address information: )?([^(]+)|getaddrinfo (\w+)/i,
    means: (host, detail) => `the name ${host} is not found (DNS: ${detail.trim()})`,
  },
  {
    says: /InvalidContentType|wrong version number/i,
    means: (host) =>
      `${host} answers without TLS: its address may begin with http://, or have another port`,
  },
  {
    says: /connection refused|ECONNREFUSED/i,
    means: (host) => `${host} refuses connections`,
  },
  {
    says: /(network is unreachable|no route to host|ENETUNREACH|EHOSTUNREACH)/i,
    means: (host, detail) => `there is no route to ${host} (${detail.toLowerCase()})`,
  },
];

/** Stands for the host of a failure that does not name it. */
const SOMEBODY = "the address";

/**
 * Returns why a request had no response, as the rest of a sentence after a colon: failures of certificates, names,
 * connections and proxies are explained, with what to set. Any other failure is returned as it is.
 * @param asked The address of the request, for a failure that does not name it:
 * `https://s3.eu-central-1.amazonaws.com`.
 */
export function networkReason(thrown: unknown, asked?: URL): string {
  const said = saidBy(thrown);
  const address = OF_FETCH.exec(said)?.[1];
  const rest = address === undefined ? said : said.slice(OF_FETCH.exec(said)?.[0].length);
  const url = address === undefined ? asked : URL.parse(address) ?? asked;
  const text = isOfNetwork(thrown, said) ? explain(rest, hostFor(url, rest)) : null;
  const isNamed = text !== null;
  return `${text ?? withoutPasswords(rest)}${isNamed ? behindProxy(url) : ""}`;
}

/** The target of a permanent redirect. */
export interface Moved {
  /** Without the query, which may have secrets. */
  to: string;
  /** Scheme and host; null if they are unchanged. */
  origin: string | null;
}

/**
 * Returns the target of a permanent redirect; null for any other response.
 * @param asked The address of the request; without it, every target counts as new.
 */
export function movedFor(
  { status, location }: { status: number | undefined; location: string | null | undefined },
  asked?: string,
): Moved | null {
  if ((status !== 301 && status !== 308) || !location) return null;
  const url = URL.parse(location, asked);
  if (!url || !/^https?:$/.test(url.protocol)) return null;
  const isSame = asked !== undefined && URL.parse(asked)?.origin === url.origin;
  return { to: `${url.origin}${url.pathname}`, origin: isSame ? null : url.origin };
}

function explain(said: string, host: string): string | null {
  for (const { says, means } of KINDS) {
    const found = says.exec(said);
    if (found) return means(host, found.slice(1).find((group) => group !== undefined) ?? "");
  }
  return null;
}

/** Returns the message of a failure: fetch keeps it in the cause, and Node.js may give only a code. */
function saidBy(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const { message, cause } = thrown;
  if (message === "fetch failed" && cause !== undefined) return errorMessage(cause);
  const inner = thrown instanceof AggregateError
    ? thrown.errors.map(errorMessage).at(-1)
    : undefined;
  return message || inner || causeCode(thrown);
}

/** Returns whether a failure is the network's: the API's own messages may speak of certificates too. */
function isOfNetwork(thrown: unknown, said: string): boolean {
  return thrown instanceof TypeError || causeCode(thrown) !== "" || OF_FETCH.test(said) ||
    /getaddrinfo|connect E[A-Z]+/.test(said);
}

function causeCode(thrown: unknown): string {
  const code = thrown instanceof Error && "code" in thrown ? thrown.code : "";
  return typeof code === "string" ? code : "";
}

function hostFor(url: URL | undefined, said: string): string {
  const named = /getaddrinfo \w+ (\S+)|connect E[A-Z]+ (\S+)|tunnel to (\S+)/.exec(said);
  return named?.slice(1).find((name) => name !== undefined) ?? url?.host ?? SOMEBODY;
}

/** Returns a note that a proxy is set: the failure may be the proxy's, which fetch does not say. */
function behindProxy(url: URL | undefined): string {
  const isPlain = url?.protocol === "http:";
  const names = isPlain ? ["HTTP_PROXY", "http_proxy"] : ["HTTPS_PROXY", "https_proxy"];
  const name = [...names, "ALL_PROXY", "all_proxy"].find((name) => process.env[name]);
  const proxy = name === undefined ? undefined : process.env[name];
  if (proxy === undefined || isLoopback(url?.hostname)) return "";
  const host = URL.parse(proxy)?.host || URL.parse(`http://${proxy}`)?.host;
  return `; ${name} names the proxy ${host ?? "(an invalid address)"}`;
}

/** Returns whether a host is this machine. */
function isLoopback(hostname = ""): boolean {
  return /^(localhost|127(\.\d+){3}|\[?::1\]?)$/.test(hostname);
}

function withoutPasswords(text: string): string {
  return text.replace(/(\w+:\/\/)[^\s/@]+@/g, "$1").replace(/(\w+:\/\/[^\s?)]+)\?[^\s)]*/g, "$1");
}
