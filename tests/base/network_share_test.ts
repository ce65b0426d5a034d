import assert from "node:assert/strict";
import { checkNoShare, findShare } from "../../lib/base/network_share.ts";

const SHARES = {
  "\\\\server\\share\\data": "\\\\server\\share",
  "\\\\server.uni.edu\\home$\\me": "\\\\server.uni.edu\\home$",
  "\\\\192.168.1.2\\share": "\\\\192.168.1.2\\share",
  "\\\\srv@SSL\\DavWWWRoot\\x": "\\\\srv@SSL\\DavWWWRoot",
  "\\\\wsl.localhost\\Ubuntu\\home\\me": "\\\\wsl.localhost\\Ubuntu",
  "\\\\wsl$\\Ubuntu": "\\\\wsl$\\Ubuntu",
  "\\\\?\\UNC\\srv.uni.edu\\share\\x": "\\\\srv.uni.edu\\share",
  "\\\\?\\unc\\srv\\share": "\\\\srv\\share",
  "\\\\.\\UNC\\srv\\share\\x": "\\\\srv\\share",
  "//srv.uni.edu/share/x": "\\\\srv.uni.edu\\share",
  "//?/UNC/srv/share": "\\\\srv\\share",
};
const OTHERS = [
  "C:\\data",
  "C:/data",
  "\\data",
  "data\\sub",
  "..\\data",
  "\\\\?\\C:\\data",
  "\\\\.\\C:\\data",
  "\\\\.\\PhysicalDrive0",
  "\\\\.\\pipe\\name",
  "\\\\?\\Volume{b75e2c83-0000-0000-0000-602f00000000}\\data",
  "//./pipe/name",
];
const NAMES = { called: "Bucket", option: "--bucket" };

Deno.test("finds the share of a path, however the share is written", () => {
  for (const [path, share] of Object.entries(SHARES)) assert.equal(findShare(path), share, path);
});

Deno.test("finds no share in paths on drives, long ones too, and in devices", () => {
  for (const path of OTHERS) {
    assert.equal(findShare(path), null, path);
    checkNoShare(path, NAMES, "windows");
  }
});

Deno.test("refuses a share on Windows with how to give it a letter, and not elsewhere", () => {
  for (const [path, share] of Object.entries(SHARES)) {
    assert.throws(() => checkNoShare(path, NAMES, "windows"), {
      name: "UserError",
      message: `Bucket ${path} is on a network share without a drive letter`,
      hint: `Map the share to a letter (net use T: ${share}) and use T:\\..., ` +
        "or name another folder with --bucket.",
    });
    checkNoShare(path, NAMES, "linux");
  }
  assert.throws(() => checkNoShare("\\\\srv\\my tweets\\x", NAMES, "windows"), {
    hint: /net use T: "\\\\srv\\my tweets"\)/,
  });
});
