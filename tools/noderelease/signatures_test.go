package main_test

import (
	"bytes"
	"crypto"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/clearsign"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

func (w *world) signers(entries ...string) {
	w.write(filepath.Join(w.config, "keys.toml"), strings.Join(entries, "\n"))
}

// signerEntry is a key's entry in keys.toml: active, or retired with a day.
func signerEntry(key *openpgp.Entity, until string) string {
	e := fmt.Sprintf("[[keys]]\nfingerprint = \"%X\"\nowner = \"Ada Releaser\"\n", key.PrimaryKey.Fingerprint)
	if until == "" {
		return e + "status = \"active\"\n"
	}
	return e + "status = \"retired\"\nuntil = " + until + "\n"
}

func (w *world) publishKey(key *openpgp.Entity) {
	w.files[fmt.Sprintf("/keys/%X.asc", key.PrimaryKey.Fingerprint)] = armored(w.t, key)
}

func armored(t *testing.T, key *openpgp.Entity) []byte {
	t.Helper()
	var b bytes.Buffer
	out, err := armor.Encode(&b, openpgp.PublicKeyType, nil)
	if err == nil {
		err = key.Serialize(out)
	}
	if err == nil {
		err = out.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func newKey(t *testing.T, name string, lifetime time.Duration) *openpgp.Entity {
	t.Helper()
	key, err := openpgp.NewEntity(name, "", "", &packet.Config{
		Algorithm: packet.PubKeyAlgoEdDSA, KeyLifetimeSecs: uint32(lifetime / time.Second), Time: at(keyMade),
	})
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func (w *world) sign(version string, key *openpgp.Entity, when time.Time, text string) {
	w.files[list(version)] = signWith(w.t, key.PrivateKey, when, crypto.SHA256, text)
}

func signWith(t *testing.T, key *packet.PrivateKey, when time.Time, hash crypto.Hash, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	out, err := clearsign.Encode(&b, key, &packet.Config{DefaultHash: hash, Time: at(when)})
	if err == nil {
		_, err = out.Write([]byte(text))
	}
	if err == nil {
		err = out.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
