package main

import (
	"bytes"
	"crypto"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/clearsign"
	pgperrors "github.com/ProtonMail/go-crypto/openpgp/errors"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// Keyring has the keys of trusted signers.
type Keyring struct {
	entities openpgp.EntityList
	signers  map[string]Signer // by the primary key's fingerprint
	absent   map[uint64]error  // key id → why its key is missing
}

// Signed is a text with a good signature.
type Signed struct {
	Text        []byte // only the signed text, with CRLF line ends
	Fingerprint string // of the signer's primary key
	At          time.Time
}

// NewKeyring returns an empty ring.
func NewKeyring() *Keyring {
	return &Keyring{signers: map[string]Signer{}, absent: map[uint64]error{}}
}

// Add adds a signer's ASCII-armoured key. Another fingerprint, or more than one
// key, is an error: our list decides which key a file has, not the file's name.
func (k *Keyring) Add(s Signer, armored []byte) error {
	entities, err := openpgp.ReadArmoredKeyRing(bytes.NewReader(armored))
	if err != nil {
		return fmt.Errorf("reading the key %s (%s): %w", s.Fingerprint, s.Owner, err)
	}
	if len(entities) != 1 {
		return fmt.Errorf("reading the key %s (%s): got %d keys, want 1", s.Fingerprint, s.Owner, len(entities))
	}
	if got := fingerprint(entities[0].PrimaryKey); got != s.Fingerprint {
		return fmt.Errorf("reading the key %s (%s): got the key %s", s.Fingerprint, s.Owner, got)
	}
	k.entities = append(k.entities, entities[0])
	k.signers[s.Fingerprint] = s
	return nil
}

// Miss records a missing key, so that the error for a signature made with it
// says so.
func (k *Keyring) Miss(s Signer, why error) {
	var id uint64
	fmt.Sscanf(s.Fingerprint[24:], "%X", &id)
	k.absent[id] = why
}

// signatureHashes are the accepted hashes.
var signatureHashes = []crypto.Hash{crypto.SHA256, crypto.SHA384, crypto.SHA512}

// Verify checks an OpenPGP cleartext-signed message. A signature is valid if
//
//   - it is made with a key, or a signing subkey, whose primary key's
//     fingerprint is in our list;
//   - it is made over SHA-256 or better;
//   - the key was valid at the moment the signature says it was made: created
//     before, not expired then, not revoked then, and not revoked as
//     compromised ever;
//   - the signer's key is not retired, or was not yet at that moment;
//   - that moment is not in the future.
//
// Later expiry is harmless: it limits when new signatures are made, and a list
// signed in 2023 is still true. Three rules stop an attacker who backdates a
// signature with an expired key: our own list limits retired keys to a day, a
// version's list must be signed after those of lower versions of its line
// ([Inventory]), and locked checksums never change.
//
// A key's newest self-signature has its expiry; it may be newer than the
// signature, if the owner extended the expiry.
func (k *Keyring) Verify(message []byte, now time.Time) (Signed, error) {
	block, _ := clearsign.Decode(message)
	if block == nil {
		return Signed{}, fmt.Errorf("got no whole OpenPGP signed message; it begins with %.60q", bytes.TrimSpace(message))
	}
	signature, err := io.ReadAll(block.ArmoredSignature.Body)
	if err != nil {
		return Signed{}, fmt.Errorf("reading the signature: %w", err)
	}
	at, err := k.signedAt(signature)
	if err != nil {
		return Signed{}, err
	}
	if at.After(now) {
		return Signed{}, fmt.Errorf("got a signature made on %s, want one made before now", at.Format(time.RFC3339))
	}
	config := &packet.Config{Time: func() time.Time { return at }}
	sig, entity, err := openpgp.VerifyDetachedSignature(k.entities, bytes.NewReader(block.Bytes), bytes.NewReader(signature), config)
	if errors.Is(err, pgperrors.ErrSignatureExpired) && !selfSignatureExpired(sig, entity, at) {
		err = nil
	}
	if err != nil {
		return Signed{}, k.refused(entity, at, err)
	}
	if !sig.CreationTime.Equal(at) {
		return Signed{}, fmt.Errorf("got several signatures of different times, want one")
	}
	s := k.signers[fingerprint(entity.PrimaryKey)]
	if s.Retired && !at.Before(s.Until) {
		return Signed{}, fmt.Errorf("signed on %s by %s (%s), whose retired key counts only before %s",
			at.Format(time.DateOnly), s.Fingerprint, s.Owner, s.Until.Format(time.DateOnly))
	}
	return Signed{Text: block.Bytes, Fingerprint: s.Fingerprint, At: at}, nil
}

// signedAt returns the unverified time of the first signature by a key in the
// ring.
func (k *Keyring) signedAt(signature []byte) (time.Time, error) {
	packets := packet.NewReader(bytes.NewReader(signature))
	var strangers []string
	for {
		p, err := packets.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return time.Time{}, fmt.Errorf("reading the signature: %w", err)
		}
		sig, ok := p.(*packet.Signature)
		if !ok || sig.IssuerKeyId == nil {
			return time.Time{}, fmt.Errorf("reading the signature: got a packet that is none, or one without an issuer")
		}
		if len(k.entities.KeysByIdUsage(*sig.IssuerKeyId, packet.KeyFlagSign)) == 0 {
			strangers = append(strangers, k.stranger(*sig.IssuerKeyId))
			continue
		}
		if !slices.Contains(signatureHashes, sig.Hash) {
			return time.Time{}, fmt.Errorf("got a signature over %v, want SHA-256 or better", sig.Hash)
		}
		return sig.CreationTime, nil
	}
	return time.Time{}, fmt.Errorf("signed by %s, want a key of the list of release keys", strings.Join(strangers, ", "))
}

func (k *Keyring) stranger(id uint64) string {
	if why := k.absent[id]; why != nil {
		return fmt.Sprintf("the listed key %016X that could not be had (%v)", id, why)
	}
	return fmt.Sprintf("the key %016X", id)
}

func (k *Keyring) refused(entity *openpgp.Entity, at time.Time, err error) error {
	if entity == nil {
		return fmt.Errorf("checking the signature: %w", err)
	}
	print := fingerprint(entity.PrimaryKey)
	return fmt.Errorf("signed on %s by %s (%s): %w at that time, by the copy of the key at hand",
		at.Format(time.RFC3339), print, k.signers[print].Owner, err)
}

// selfSignatureExpired explains the library's error for an expired
// self-signature: true if it had expired at that moment, false if it did not
// exist yet.
func selfSignatureExpired(sig *packet.Signature, entity *openpgp.Entity, at time.Time) bool {
	primary, _ := entity.PrimarySelfSignature()
	bindings := []*packet.Signature{sig, primary}
	for _, sub := range entity.Subkeys {
		if sub.PublicKey.KeyId == *sig.IssuerKeyId {
			bindings = append(bindings, sub.Sig, sub.Sig.EmbeddedSignature)
		}
	}
	return slices.ContainsFunc(bindings, func(b *packet.Signature) bool {
		return b != nil && b.SigLifetimeSecs != nil && *b.SigLifetimeSecs != 0 &&
			b.CreationTime.Add(time.Duration(*b.SigLifetimeSecs)*time.Second).Before(at)
	})
}

func fingerprint(key *packet.PublicKey) string { return fmt.Sprintf("%X", key.Fingerprint) }
