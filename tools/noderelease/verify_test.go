package main_test

import (
	"bytes"
	"crypto"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"

	noderelease "github.com/armature-cnb/armature/tools/noderelease"
)

func signer(key *openpgp.Entity) noderelease.Signer {
	return noderelease.Signer{Fingerprint: fmt.Sprintf("%X", key.PrimaryKey.Fingerprint), Owner: "Ada Releaser"}
}

func TestVerify(t *testing.T) {
	year := 365 * aDay
	type given struct {
		key    *openpgp.Entity
		by     *packet.PrivateKey // who signs; the primary key when nil
		when   time.Time
		hash   crypto.Hash
		signer func(*noderelease.Signer)
	}
	for _, tc := range []struct {
		name string
		make func(t *testing.T) given
		want string // "" when it counts
	}{
		{name: "a key that does not expire", make: func(t *testing.T) given {
			return given{key: newKey(t, "Ada", 0)}
		}},
		{name: "a key that expired since", make: func(t *testing.T) given {
			return given{key: newKey(t, "Ada", 2*year)}
		}},
		{name: "a key that had expired", make: func(t *testing.T) given {
			return given{key: newKey(t, "Ada", year)}
		}, want: "key expired at that time"},
		{name: "the last second of a key", make: func(t *testing.T) given {
			return given{key: newKey(t, "Ada", year), when: keyMade.Add(year)}
		}},
		{name: "a second too late", make: func(t *testing.T) given {
			return given{key: newKey(t, "Ada", year), when: keyMade.Add(year + time.Second)}
		}, want: "key expired at that time"},
		{name: "a key made after the signature says it was used", make: func(t *testing.T) given {
			return given{key: newKey(t, "Ada", 0), when: keyMade.Add(-aDay)}
		}, want: "key expired at that time"},
		{name: "a key that expired, in a copy where the owner extended it", make: func(t *testing.T) given {
			key := newKey(t, "Ada", year)
			extend(t, key, keyMade.Add(10*aDay), 5*year)
			return given{key: key}
		}},
		{name: "an extension made after the signature", make: func(t *testing.T) given {
			key := newKey(t, "Ada", year)
			extend(t, key, signedOn.Add(year), 5*year)
			return given{key: key}
		}},
		{name: "a self-signature that ran out itself", make: func(t *testing.T) given {
			key := newKey(t, "Ada", 0)
			month := uint32(30 * aDay / time.Second)
			for _, identity := range key.Identities {
				identity.SelfSignature.SigLifetimeSecs = &month
				if err := identity.SelfSignature.SignUserId(identity.UserId.Id, key.PrimaryKey, key.PrivateKey, nil); err != nil {
					t.Fatal(err)
				}
			}
			return given{key: key}
		}, want: "signature expired at that time"},
		{name: "a signing subkey", make: func(t *testing.T) given {
			key := newKey(t, "Ada", 0)
			return given{key: key, by: addSubkey(t, key, 0)}
		}},
		{name: "a signing subkey that had expired", make: func(t *testing.T) given {
			key := newKey(t, "Ada", 0)
			return given{key: key, by: addSubkey(t, key, year)}
		}, want: "key expired at that time"},
		{name: "a key revoked as compromised after the signature", make: func(t *testing.T) given {
			return given{key: revoked(t, packet.KeyCompromised, signedOn.Add(year))}
		}, want: "revoked key"},
		{name: "a key replaced after the signature", make: func(t *testing.T) given {
			return given{key: revoked(t, packet.KeySuperseded, signedOn.Add(year))}
		}},
		{name: "a key replaced before the signature", make: func(t *testing.T) given {
			return given{key: revoked(t, packet.KeySuperseded, signedOn.Add(-year))}
		}, want: "revoked key"},
		{name: "SHA-512", make: func(t *testing.T) given {
			return given{key: newKey(t, "Ada", 0), hash: crypto.SHA512}
		}},
		{name: "a retired key on its last day", make: func(t *testing.T) given {
			return given{key: newKey(t, "Ada", 0), signer: func(s *noderelease.Signer) { s.Retired, s.Until = true, signedOn.Add(time.Second) }}
		}},
		{name: "a retired key after its last day", make: func(t *testing.T) given {
			return given{key: newKey(t, "Ada", 0), signer: func(s *noderelease.Signer) { s.Retired, s.Until = true, signedOn }}
		}, want: "whose retired key counts only before 2023-06-01"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g := tc.make(t)
			if g.by == nil {
				g.by = g.key.PrivateKey
			}
			if g.when.IsZero() {
				g.when = signedOn
			}
			if g.hash == 0 {
				g.hash = crypto.SHA256
			}
			s := signer(g.key)
			if g.signer != nil {
				g.signer(&s)
			}
			ring := noderelease.NewKeyring()
			if err := ring.Add(s, armored(t, g.key)); err != nil {
				t.Fatal(err)
			}
			signed, err := ring.Verify(signWith(t, g.by, g.when, g.hash, sums("24.0.0")), time.Now())
			if tc.want != "" {
				if err == nil || !strings.Contains(err.Error(), tc.want) {
					t.Errorf("got %v, want %q", err, tc.want)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if signed.Fingerprint != s.Fingerprint || !signed.At.Equal(g.when) {
				t.Errorf("got %s at %s, want %s at %s", signed.Fingerprint, signed.At, s.Fingerprint, g.when)
			}
			if got := strings.ReplaceAll(string(signed.Text), "\r\n", "\n"); strings.TrimSpace(got) != strings.TrimSpace(sums("24.0.0")) {
				t.Errorf("got the text %q", got)
			}
		})
	}
}

// extend gives a key another expiry, by a self-signature made at that moment,
// as gpg's --quick-set-expire does.
func extend(t *testing.T, key *openpgp.Entity, when time.Time, lifetime time.Duration) {
	t.Helper()
	for _, identity := range key.Identities {
		seconds := uint32(lifetime / time.Second)
		again := *identity.SelfSignature
		again.CreationTime, again.KeyLifetimeSecs = when, &seconds
		if err := again.SignUserId(identity.UserId.Id, key.PrimaryKey, key.PrivateKey, nil); err != nil {
			t.Fatal(err)
		}
		identity.SelfSignature, identity.Signatures = &again, []*packet.Signature{&again}
	}
}

func addSubkey(t *testing.T, key *openpgp.Entity, lifetime time.Duration) *packet.PrivateKey {
	t.Helper()
	err := key.AddSigningSubkey(&packet.Config{
		Algorithm: packet.PubKeyAlgoEdDSA, KeyLifetimeSecs: uint32(lifetime / time.Second), Time: at(keyMade),
	})
	if err != nil {
		t.Fatal(err)
	}
	return key.Subkeys[len(key.Subkeys)-1].PrivateKey
}

func revoked(t *testing.T, reason packet.ReasonForRevocation, when time.Time) *openpgp.Entity {
	t.Helper()
	key := newKey(t, "Ada", 0)
	if err := key.RevokeKey(reason, "", &packet.Config{Time: at(when)}); err != nil {
		t.Fatal(err)
	}
	return key
}

func TestAKeyFileHasToHoldTheKeyOfItsName(t *testing.T) {
	ada, mallory := newKey(t, "Ada", 0), newKey(t, "Mallory", 0)
	for _, tc := range []struct {
		name string
		text []byte
		want string
	}{
		{"another's key", armored(t, mallory), "got the key "},
		{"the right key and another", append(armored(t, ada), armored(t, mallory)...), ""},
		{"no key", []byte("<html>"), "reading the key"},
		{"nothing", nil, "reading the key"},
		{"a key cut short", armored(t, ada)[:200], "reading the key"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			ring := noderelease.NewKeyring()
			err := ring.Add(signer(ada), tc.text)
			if tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
				t.Errorf("got %v, want %q", err, tc.want)
			}
			message := signWith(t, mallory.PrivateKey, signedOn, crypto.SHA256, sums("24.0.0"))
			if _, err := ring.Verify(message, time.Now()); err == nil {
				t.Error("the other key's signature counts")
			}
		})
	}
}

func TestAMessageByAKeyThatCouldNotBeHadSaysSo(t *testing.T) {
	w := newWorld(t)
	delete(w.files, fmt.Sprintf("/keys/%X.asc", w.releaser.PrimaryKey.Fingerprint))
	err := w.update()
	if err == nil || !strings.Contains(err.Error(), "key of Ada Releaser: ") ||
		!strings.Contains(err.Error(), "node 24.1.0: ") || !strings.Contains(err.Error(), "that could not be had") {
		t.Errorf("got %v", err)
	}
}

// Two texts with the same SHA-1 can be made since 2017.
func TestASignatureOverSHA1DoesNotCount(t *testing.T) {
	key := newKey(t, "Ada", 0)
	ring := noderelease.NewKeyring()
	if err := ring.Add(signer(key), armored(t, key)); err != nil {
		t.Fatal(err)
	}
	text := strings.TrimSuffix(sums("24.0.0"), "\n")
	_, err := ring.Verify(bySHA1(t, key.PrivateKey, text), time.Now())
	if err == nil || !strings.Contains(err.Error(), "got a signature over SHA-1, want SHA-256 or better") {
		t.Errorf("got %v", err)
	}
}

// bySHA1 makes what the library refuses to make.
func bySHA1(t *testing.T, key *packet.PrivateKey, text string) []byte {
	t.Helper()
	sig := &packet.Signature{
		Version: 4, SigType: packet.SigTypeText, PubKeyAlgo: key.PubKeyAlgo, Hash: crypto.SHA1, CreationTime: signedOn, IssuerKeyId: &key.KeyId,
	}
	salted := false // salts have a length for each hash, and SHA-1 has none
	config := &packet.Config{NonDeterministicSignaturesViaNotation: &salted}
	hash, err := sig.PrepareSign(config)
	if err != nil {
		t.Fatal(err)
	}
	hash.Write([]byte(strings.ReplaceAll(text, "\n", "\r\n")))
	if err := sig.Sign(hash, key, config); err != nil {
		t.Fatal(err)
	}
	b := bytes.NewBufferString("-----BEGIN PGP SIGNED MESSAGE-----\n\n" + text + "\n")
	out, err := armor.Encode(b, openpgp.SignatureType, nil)
	if err == nil {
		err = sig.Serialize(out)
	}
	if err == nil {
		err = out.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Mail and web pages change line ends; a cleartext signature does not cover
// them.
func TestLineEndsDoNotMatter(t *testing.T) {
	key := newKey(t, "Ada", 0)
	ring := noderelease.NewKeyring()
	if err := ring.Add(signer(key), armored(t, key)); err != nil {
		t.Fatal(err)
	}
	message := signWith(t, key.PrivateKey, signedOn, crypto.SHA256, sums("24.0.0"))
	for name, text := range map[string][]byte{
		"as it is": message,
		"CRLF":     bytes.ReplaceAll(message, []byte("\n"), []byte("\r\n")),
	} {
		signed, err := ring.Verify(text, time.Now())
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got, err := noderelease.ParseSums(signed.Text); err != nil || len(got) != 4 {
			t.Errorf("%s: got %v, %v", name, got, err)
		}
	}
}
