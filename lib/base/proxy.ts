/** Proxies of the environment, which fetch, Node.js and curl each read differently. */

import { UserError } from "./errors.ts";

type Env = Record<string, string | undefined>;

const NAMES = ["HTTP_PROXY", "HTTPS_PROXY"] as const;
/** This machine, never reached through a proxy. */
const LOOPBACK = ["localhost", "127.0.0.0/8", "127.0.0.1", "::1"];

/** Proxies in a form that all readers agree on; empty for none. */
export interface Proxies {
  HTTP_PROXY?: string;
  HTTPS_PROXY?: string;
  /** Hosts that are reached directly, separated by commas. */
  NO_PROXY?: string;
}

/**
 * Returns the proxies of an environment: its variables, in upper or lower case, or `ALL_PROXY`. This machine is never
 * reached through one.
 * @throws UserError for an invalid address
 */
export function readProxies(env: Env): Proxies {
  const not = readVariable(env, "NO_PROXY").split(",").map((host) => host.trim()).filter(Boolean);
  if (not.includes("*")) return {};
  const proxies: Proxies = {};
  for (const name of NAMES) {
    const own = readVariable(env, name);
    const value = own || readVariable(env, "ALL_PROXY");
    if (value) proxies[name] = parseAddress(value, own ? name : "ALL_PROXY");
  }
  if (!proxies.HTTP_PROXY && !proxies.HTTPS_PROXY) return {};
  return { ...proxies, NO_PROXY: [...new Set([...not, ...LOOPBACK])].join(",") };
}

/**
 * Rewrites the proxies of this process's environment, which its children inherit, in the form of `Proxies`. @throws
 * UserError
 */
export function settleProxies(env: Pick<typeof Deno.env, "toObject" | "set" | "delete">): void {
  const now = env.toObject();
  const proxies = readProxies(now);
  for (const name of [...NAMES, "NO_PROXY"] as const) {
    for (const spelled of [name, name.toLowerCase()]) {
      const value = proxies[name];
      if (value === undefined) {
        if (now[spelled] !== undefined) env.delete(spelled);
      } else if (now[spelled] !== value) env.set(spelled, value);
    }
  }
  if (proxies.NO_PROXY === undefined) {
    for (const name of ["ALL_PROXY", "all_proxy"]) if (now[name] !== undefined) env.delete(name);
  }
}

function readVariable(env: Env, name: string): string {
  return env[name] || env[name.toLowerCase()] || "";
}

function parseAddress(value: string, name: string): string {
  const full = value.includes("://") ? value : `http://${value}`;
  const url = URL.parse(full);
  if (url?.hostname && /^(https?|socks[45][ah]?):$/.test(url.protocol)) return full;
  throw new UserError(`${name} is not a valid proxy address`, {
    hint: "Set it to something like http://user:password@proxy.example:3128, or unset it.",
  });
}
