import assert from "node:assert/strict";
import { listMissing, toCff, toCitation, toDataCite } from "../../../lib/export/bag/citation.ts";

const SIZE = { ids: ["marmots"], bytes: 10, files: 2 };

Deno.test("what nobody wrote is missing from a citation, and named", () => {
  const bare = toCitation({}, {});
  assert.deepEqual(listMissing(bare), ["title", "creators", "publisher", "year", "rights"]);
  const dataCite = JSON.stringify(toDataCite(bare, SIZE));
  for (const name of ["creators", "titles", "publisher", "publicationYear", "rightsList", "doi"]) {
    assert.ok(!dataCite.includes(`"${name}"`), name);
  }
  const cff = toCff(bare);
  assert.match(cff, /^# Missing: title\. .*\n# Missing: creators\./);
  assert.doesNotMatch(cff, /^(title|authors|preferred-citation)/m);
});

Deno.test("a citation has what the ini file says, and else what the collection says of itself", () => {
  const described = { title: "Marmots", description: "What they do", contact: "a@b.org" };
  const section = { creators: "Lovelace, Ada (https://orcid.org/0000-0002-1694-233X); A Group" };
  const more = { publisher: "Us", year: "2026", license: "CC-BY-4.0", doi: "doi:10.5281/zenodo.1" };
  const citation = toCitation({ ...section, ...more }, { ...described, tags: "one, two" });
  assert.deepEqual(listMissing(citation), []);
  assert.equal(toCitation({ title: "Mine" }, described).title, "Mine");
  assert.deepEqual(toDataCite(citation, SIZE).creators, [{
    name: "Lovelace, Ada",
    nameType: "Personal",
    givenName: "Ada",
    familyName: "Lovelace",
    nameIdentifiers: [{
      nameIdentifier: "https://orcid.org/0000-0002-1694-233X",
      nameIdentifierScheme: "ORCID",
      schemeUri: "https://orcid.org",
    }],
  }, { name: "A Group" }]);
  const cff = toCff(citation);
  assert.match(cff, /^title: "Marmots"$/m);
  assert.match(cff, /^ {2}- family-names: "Lovelace"\n {4}given-names: "Ada"\n {4}orcid: /m);
  assert.match(cff, /^doi: "10\.5281\/zenodo\.1"$/m);
  assert.match(cff, /^ {2}year: 2026$/m);
});

Deno.test("what cannot be in a citation is refused, with what can", () => {
  const refused: [Record<string, string>, RegExp][] = [
    [{ creator: "Lovelace, Ada" }, /creator in section \[citation\].*is not a setting/],
    [{ creators: "Lovelace, Ada (0000-0002-1694-2331)" }, /creators .* has "Lovelace, Ada/],
    [{ year: "soon" }, /year .* is "soon"/],
    [{ doi: "zenodo.1" }, /doi .* is "zenodo\.1"/],
  ];
  for (const [section, says] of refused) assert.throws(() => toCitation(section, {}), says);
});
