/**
 * The citation of a collection: as a person wrote it, and in the formats of archives. Members that were not written
 * are missing.
 */

import { UserError } from "../../base/errors.ts";
import { INI_FILE } from "../../base/settings.ts";

/** A creator of a collection. */
export interface Creator {
  /** `Family, Given` of a person; the name of a group. */
  name: string;
  /** Sixteen digits in groups of four. */
  orcid?: string | undefined;
}

/** The citation of a collection. */
export interface Citation {
  title?: string | undefined;
  creators: Creator[];
  publisher?: string | undefined;
  /** The year of its publication, past or planned. */
  year?: string | undefined;
  rights?: string | undefined;
  /** An SPDX identifier, or an address. */
  license?: string | undefined;
  doi?: string | undefined;
  description?: string | undefined;
  contact?: string | undefined;
  keywords: string[];
}

/** The settings of section [citation]. */
const NAMES = ["title", "creators", "publisher", "year", "rights", "license", "doi"];
/** The settings that archives require at least. */
const NEEDED = ["title", "creators", "publisher", "year", "rights"] as const;

/**
 * Returns the citation that a person wrote.
 * @param section `[citation]` of the ini file.
 * @param described The collection's description in its configuration: title, description, contact, rights, tags.
 * @throws UserError for invalid settings
 */
export function toCitation(
  section: Readonly<Record<string, string>>,
  described: Readonly<Record<string, string>>,
): Citation {
  const strange = Object.keys(section).find((name) => !NAMES.includes(name));
  if (strange !== undefined) {
    throw fault(strange, `is not a setting`, `It has ${NAMES.join(", ")}.`);
  }
  const { creators = "", publisher, year, license, doi } = section;
  if (year !== undefined && !/^\d{4}$/.test(year)) {
    throw fault("year", `is ${JSON.stringify(year)}`, "It is a year such as 2026.");
  }
  const bare = doi?.replace(/^(https?:\/\/(dx\.)?doi\.org\/|doi:)/i, "");
  if (bare !== undefined && !/^10\.\d{4,9}\/\S+$/.test(bare)) {
    throw fault("doi", `is ${JSON.stringify(doi)}`, "It is a DOI such as 10.5281/zenodo.1234567.");
  }
  return {
    title: section.title ?? described.title,
    creators: creators.split(";").map((one) => one.trim()).filter(Boolean).map(toCreator),
    publisher,
    year,
    rights: section.rights ?? described.rights,
    license,
    doi: bare,
    description: described.description,
    contact: described.contact,
    keywords: described.tags?.split(", ") ?? [],
  };
}

/** Returns the settings that archives require and that are missing, by their names. */
export function listMissing(citation: Citation): string[] {
  return NEEDED.filter((name) => {
    if (name === "rights") return citation.rights === undefined && citation.license === undefined;
    const value = citation[name];
    return value === undefined || value.length === 0;
  });
}

/** Returns the metadata of DataCite (schema 4.5). */
export function toDataCite(
  citation: Citation,
  { ids, bytes, files }: { ids: string[]; bytes: number; files: number },
): Record<string, unknown> {
  const { title, creators, publisher, year, rights, license, doi } = citation;
  const { description, contact, keywords } = citation;
  return {
    schemaVersion: "http://datacite.org/schema/kernel-4",
    types: { resourceTypeGeneral: "Dataset", resourceType: "Tweets" },
    ...doi ? { doi } : {},
    ...creators.length > 0 ? { creators: creators.map(dataCiteCreator) } : {},
    ...title ? { titles: [{ title }] } : {},
    ...publisher ? { publisher: { name: publisher } } : {},
    ...year ? { publicationYear: year } : {},
    ...description ? { descriptions: [{ description, descriptionType: "Abstract" }] } : {},
    ...rights || license
      ? { rightsList: [{ rights: rights ?? license, ...toLicense(license) }] }
      : {},
    ...contact ? { contributors: [{ name: contact, contributorType: "ContactPerson" }] } : {},
    ...keywords.length > 0 ? { subjects: keywords.map((subject) => ({ subject })) } : {},
    alternateIdentifiers: ids.map((id) => ({
      alternateIdentifier: id,
      alternateIdentifierType: "twarc-cloud collection",
    })),
    sizes: [`${files} files`, `${bytes} bytes`],
    formats: ["application/gzip", "application/x-ndjson", "application/json"],
  };
}

/** Returns CITATION.cff (version 1.2.0): YAML whose texts are JSON strings. */
export function toCff(citation: Citation): string {
  const { title, creators, publisher, year, license, doi, description, keywords } = citation;
  const isAddress = license !== undefined && /^https?:/.test(license);
  const what = [
    ...line("title", title),
    ...creators.length > 0 ? ["authors:", ...creators.flatMap(cffAuthor)] : [],
    ...line("doi", doi),
  ];
  return [
    ...listMissing(citation).map((name) =>
      `# Missing: ${name}. Section [citation] of ${INI_FILE} has none.`
    ),
    "cff-version: 1.2.0",
    'message: "If you use this dataset, please cite it as below."',
    "type: dataset",
    ...what,
    ...line(isAddress ? "license-url" : "license", license),
    ...line("abstract", description),
    ...keywords.length > 0
      ? ["keywords:", ...keywords.map((one) => `  - ${JSON.stringify(one)}`)]
      : [],
    // A date of release needs a day; here a year is enough.
    ...year
      ? [
        "preferred-citation:",
        ...[
          "type: data",
          ...what,
          `year: ${year}`,
          ...publisher ? ["publisher:", ...line("  name", publisher)] : [],
        ].map((row) => `  ${row}`),
      ]
      : [],
    "",
  ].join("\n");
}

function line(name: string, value: string | undefined): string[] {
  return value === undefined ? [] : [`${name}: ${JSON.stringify(value)}`];
}

/** Returns a creator's address at orcid.org; undefined for one without. */
export function orcidAddress({ orcid }: Creator): string | undefined {
  return orcid && `https://orcid.org/${orcid}`;
}

/** Returns a license in DataCite's form: by its address, or by its name in SPDX's list. */
function toLicense(license: string | undefined): Record<string, string> {
  if (license === undefined) return {};
  if (/^https?:/.test(license)) return { rightsUri: license };
  return { rightsIdentifier: license, rightsIdentifierScheme: "SPDX" };
}

function dataCiteCreator(creator: Creator): Record<string, unknown> {
  const { name } = creator;
  const [familyName, givenName] = name.split(/,\s*/, 2);
  const orcid = orcidAddress(creator);
  return {
    name,
    ...givenName ? { nameType: "Personal", givenName, familyName } : {},
    ...orcid
      ? {
        nameIdentifiers: [{
          nameIdentifier: orcid,
          nameIdentifierScheme: "ORCID",
          schemeUri: "https://orcid.org",
        }],
      }
      : {},
  };
}

function cffAuthor(creator: Creator): string[] {
  const [family = "", given] = creator.name.split(/,\s*/, 2);
  const orcid = orcidAddress(creator);
  const names = given
    ? [`family-names: ${JSON.stringify(family)}`, `given-names: ${JSON.stringify(given)}`]
    : [`name: ${JSON.stringify(creator.name)}`];
  return [...names, ...orcid ? [`orcid: "${orcid}"`] : []]
    .map((text, i) => `  ${i === 0 ? "- " : "  "}${text}`);
}

/** @throws UserError for an invalid ORCID */
function toCreator(text: string): Creator {
  const [, name = text, id] = /^(.*?)\s*\(([^()]*)\)$/.exec(text) ?? [];
  if (id === undefined) return { name };
  const orcid = id.replace(/^(https?:\/\/)?orcid\.org\//i, "").toUpperCase();
  if (name !== "" && isOrcid(orcid)) return { name, orcid };
  throw fault(
    "creators",
    `has ${JSON.stringify(text)}`,
    "Write `Family, Given (0000-0002-1825-0097); Family, Given`, each with an ORCID where there is one.",
  );
}

/** Returns whether the last digit of an ORCID fits the others (ISO 7064, mod 11-2). */
function isOrcid(text: string): boolean {
  if (!/^\d{4}-\d{4}-\d{4}-\d{3}[\dX]$/.test(text)) return false;
  const digits = text.replaceAll("-", "");
  const sum = [...digits.slice(0, -1)].reduce((sum, digit) => (sum + Number(digit)) * 2, 0);
  const last = (12 - sum % 11) % 11;
  return digits.at(-1) === (last === 10 ? "X" : `${last}`);
}

function fault(name: string, problem: string, hint: string): UserError {
  return new UserError(`${name} in section [citation] of ${INI_FILE} ${problem}`, { hint });
}
