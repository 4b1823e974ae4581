//go:build linux

package integration_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// scriptedApp is one whose build script is a program for Node.js.
func scriptedApp(t *testing.T, script string) string {
	t.Helper()
	dir := plainApp(t)
	for path, text := range map[string]string{
		"package.json": `{"name":"scripted","version":"1.0.0","scripts":{"build":"node build.js","start":"node server.js"}}`,
		"build.js":     script,
	} {
		if err := os.WriteFile(filepath.Join(dir, path), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// A later build of clean source uses nothing of a layer that a script wrote to.
func TestAScriptThatChangesNodeEndsItsBuildAndNoOther(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, script, layer string
		later               bool // a process that the script leaves behind does it
	}{
		{"the app's Node.js", `
const fs = require("fs"), dir = "/layers/armature_node-engine/node/bin"
fs.rmSync("/layers/armature_node-engine/node", { recursive: true, force: true })
fs.mkdirSync(dir, { recursive: true })
fs.writeFileSync(dir + "/node", "#!/bin/sh\necho not node\n", { mode: 0o755 })`, "node-engine@0.1.0:node", false},
		// The supervisor comes after the scripts: a process that stays waits for it.
		{"the supervisor", `
require("child_process").spawn(process.execPath, ["-e", ` + "`" + `
const fs = require("fs"), path = "/layers/armature_npm-start/supervisor/bin/supervisor"
setInterval(() => { try { fs.writeFileSync(path, "#!/bin/sh\\necho not it\\n"); } catch {} }, 1)` + "`" + `], { detached: true, stdio: "ignore" }).unref()`, "npm-start@0.1.0:supervisor", true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			u := newUser(t, 0)
			folder, _, _ := strings.Cut(tc.layer, "@")
			tag := "trust-" + folder
			evil := scriptedApp(t, tc.script)
			b := u.build(evil, "--tag", tag)
			if b.status == 0 && tc.later {
				t.Log("the process was ended with its script, and changed nothing")
			} else if b.status != 1 || !strings.Contains(b.log, "[layer-changed]") || !strings.Contains(b.log, tc.layer) {
				t.Errorf("got status %d, want 1 with layer-changed and %s\n%s", b.status, tc.layer, b.log)
			}
			want := u.must(scriptedApp(t, ""), "--tag", tag)
			if err := os.WriteFile(filepath.Join(evil, "build.js"), nil, 0o644); err != nil {
				t.Fatal(err)
			}
			if got := u.must(evil, "--tag", tag); got.digest != want.digest {
				t.Errorf("clean source in the same folder: got %s, want %s", got.digest, want.digest)
			}
		})
	}
}

// Scripts can read the lifecycle's password for the build's own registry.
func TestAScriptThatWritesTheImageItselfEndsTheBuild(t *testing.T) {
	t.Parallel()
	u := newUser(t, 0)
	evil := scriptedApp(t, `
const fs = require("fs"), http = require("http"), crypto = require("crypto")
let auth
for (const pid of fs.readdirSync("/proc").filter(Number))
  try {
    const found = fs.readFileSync("/proc/" + pid + "/environ", "utf8").split("\0").find(one => one.startsWith("CNB_REGISTRY_AUTH="))
    if (found) auth = JSON.parse(found.slice("CNB_REGISTRY_AUTH=".length))
  } catch {}
if (!auth) throw new Error("this build has no password to read")
const [address, header] = Object.entries(auth)[0]
const call = (method, path, body, type) => new Promise((done, failed) => {
  const request = http.request("http://" + address + path, { method, headers: { Authorization: header, "Content-Type": type || "application/octet-stream", "Content-Length": Buffer.byteLength(body) } }, answer => { answer.resume(); answer.on("end", () => done(answer)) })
  request.on("error", failed)
  request.end(body)
})
const digest = text => "sha256:" + crypto.createHash("sha256").update(text).digest("hex");
(async () => {
  const config = JSON.stringify({ os: "linux", architecture: "arm64", config: { User: "0:0", Entrypoint: ["/bin/sh", "-c", "id"] }, rootfs: { type: "layers", diff_ids: [] } })
  const upload = await call("POST", "/v2/app/blobs/uploads/", "")
  const at = new URL(upload.headers.location, "http://" + address)
  console.log("blob", (await call("PUT", at.pathname + "?digest=" + digest(config), config)).statusCode)
  const manifest = JSON.stringify({ schemaVersion: 2, mediaType: "application/vnd.docker.distribution.manifest.v2+json", config: { mediaType: "application/vnd.docker.container.image.v1+json", size: config.length, digest: digest(config) }, layers: [] })
  console.log("manifest", (await call("PUT", "/v2/app/manifests/latest", manifest, "application/vnd.docker.distribution.manifest.v2+json")).statusCode)
})()`)
	b := u.build(evil, "--tag", "trust-image")
	if b.status != 1 || !strings.Contains(b.log, "[image-changed]") || !strings.Contains(b.log, "manifest 201") {
		t.Errorf("got status %d, want 1 with image-changed\n%s", b.status, b.log)
	}
	if _, err := os.Stat(filepath.Join(u.cache(), "images/index.docker.io/library/trust-image:latest")); err == nil {
		t.Error("an image was kept")
	}
}
