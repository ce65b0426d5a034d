/** The proxies of this machine, as its environment has them: fetch, Node.js and curl each read it in a way of their own. */

import { UserError } from "./errors.ts";

type Env = Record<string, string | undefined>;

const NAMES = ["HTTP_PROXY", "HTTPS_PROXY"] as const;
/** This machine: what listens here is asked by no proxy. */
const LOOPBACK = ["localhost", "127.0.0.0/8", "127.0.0.1", "::1"];

/** Proxies as everybody reads them alike: absent where nothing is asked through one. */
export interface Proxies {
  HTTP_PROXY?: string;
  HTTPS_PROXY?: string;
  /** Hosts that are asked without, commas in between. */
  NO_PROXY?: string;
}

/**
 * Returns the proxies that an environment names, in capitals or not, each by its own variable or by `ALL_PROXY`. This
 * machine is never asked through one.
 * @throws UserError for one that is no address.
 */
export function proxiesIn(env: Env): Proxies {
  const not = valueOf(env, "NO_PROXY").split(",").map((host) => host.trim()).filter(Boolean);
  if (not.includes("*")) return {};
  const proxies: Proxies = {};
  for (const name of NAMES) {
    const own = valueOf(env, name);
    const value = own || valueOf(env, "ALL_PROXY");
    if (value) proxies[name] = addressOf(value, own ? name : "ALL_PROXY");
  }
  if (!proxies.HTTP_PROXY && !proxies.HTTPS_PROXY) return {};
  return { ...proxies, NO_PROXY: [...new Set([...not, ...LOOPBACK])].join(",") };
}

/** Makes the environment of this process, and of those that it starts, name its proxies for everybody alike. @throws UserError */
export function settleProxies(env: Pick<typeof Deno.env, "toObject" | "set" | "delete">): void {
  const now = env.toObject();
  const proxies = proxiesIn(now);
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

function valueOf(env: Env, name: string): string {
  return env[name] || env[name.toLowerCase()] || "";
}

function addressOf(value: string, name: string): string {
  const full = value.includes("://") ? value : `http://${value}`;
  const url = URL.parse(full);
  if (url?.hostname && /^(https?|socks[45][ah]?):$/.test(url.protocol)) return full;
  throw new UserError(`${name} is not a valid proxy address`, {
    hint: "Set it to something like http://user:password@proxy.example:3128, or unset it.",
  });
}
