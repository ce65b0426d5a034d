import assert from "node:assert/strict";
import { PackedColumns, toInt, toLong } from "../../lib/export/packed_columns.ts";

Deno.test("whole numbers are rounded, and those are none that do not fit", () => {
  assert.deepEqual([1.5, -0.4, 2 ** 62, 2 ** 63, Infinity, NaN, undefined].map(toLong), [
    2,
    -0,
    2 ** 62,
    ...Array(4).fill(undefined),
  ]);
  assert.deepEqual([1.4, 2 ** 31, -(2 ** 31) + 1, null].map(toInt), [
    1,
    undefined,
    -(2 ** 31) + 1,
    undefined,
  ]);
});

Deno.test("cells are taken as their column has them, and each row has one in each part", () => {
  const columns = new PackedColumns([{ name: "raw", type: "text" }]);
  assert.equal(columns.all.at(-1)?.name, "raw");
  for (const { type, add } of columns.all) {
    add(undefined);
    if (type === "texts") add(["a", "b"]);
    else if (type === "text") add("a");
    else if (type !== "media") add(type === "boolean" ? true : 7.6);
    else {
      const medium = {
        key: "3_1",
        type: "photo",
        url: null,
        alt: null,
        width: 3.4,
        height: 2 ** 40,
      };
      add([{ ...medium, duration_ms: null }]);
    }
  }
  assert.deepEqual([...columns.number("created_at").values], [7_600]);
  assert.deepEqual([...columns.number("like_count").values], [8]);
  assert.deepEqual([...columns.number("lat").values], [7.6]);
  assert.deepEqual([...columns.number("sensitive").values], [1]);
  assert.deepEqual([...columns.text("lang").definitions], [0, 1]);
  assert.deepEqual([...columns.text("hashtags").definitions], [0, 3, 3]);
  assert.deepEqual([...columns.text("hashtags").repetitions], [0, 0, 1]);
  const { media } = columns;
  assert.deepEqual(media.all.map(({ definitions }) => definitions[1]), [4, 4, 3, 3, 4, 3, 3]);
  assert.deepEqual([...media.width.values], [3]);
  assert.throws(() => columns.number("lang"), /no column lang/);
});
