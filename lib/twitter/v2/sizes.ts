/** The sizes of pages and calls of version 2: https://docs.x.com/x-api/fundamentals/rate-limits */

import type { FieldChoice } from "../../base/api_fields.ts";
import { hasContext } from "./fields.ts";

/** How many tweets a page may hold. */
export interface PageSize {
  least: number;
  most: number;
}

/** A page of GET /2/users/:id/tweets. */
export const TIMELINE_PAGE: PageSize = { least: 5, most: 100 };
/** A page of GET /2/tweets/search/recent, and of /all with context annotations. */
export const SEARCH_PAGE: PageSize = { least: 10, most: 100 };
/** A page of GET /2/tweets/search/all without context annotations. */
export const ARCHIVE_PAGE: PageSize = { least: 10, most: 500 };
/** Users of a call of GET /2/users or /2/users/by. */
export const LOOKUP_SIZE = 100;
/** Characters of a query of recent search or counts. */
export const MAX_QUERY = 512;
/** Milliseconds between two requests to the archive: one a second is let through. */
export const ARCHIVE_EVERY_MS = 1_000;

/** Returns a page of a search with these fields. */
export function searchPage(archive: "recent" | "all" | undefined, fields: FieldChoice): PageSize {
  return archive === "all" && !hasContext(fields) ? ARCHIVE_PAGE : SEARCH_PAGE;
}
