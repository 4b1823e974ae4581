package main

import (
	"bytes"
	"crypto/sha1"
	"crypto/x509"
	"encoding/asn1"
	"encoding/binary"
	"encoding/pem"
	"fmt"
	"path"
	"strings"
)

// configureCertificates makes /etc/ssl/certs as Debian's update-ca-certificates
// does: the bundle ca-certificates.crt, a link to every certificate by its
// name, and one by the hash of its subject, by which OpenSSL (node
// --use-openssl-ca, git) finds an issuer.
func configureCertificates(t tree) error {
	var bundle bytes.Buffer
	for _, source := range t.glob("usr/share/ca-certificates/mozilla/*.crt") {
		content := t[source].Content
		hash, err := subjectHash(content)
		if err != nil {
			return fmt.Errorf("reading certificate /%s: %w", source, err)
		}
		name := strings.TrimSuffix(path.Base(source), ".crt") + ".pem"
		t.symlink("etc/ssl/certs/"+name, "/"+source)
		t.symlink(freeHashLink(t, hash), name)
		bundle.Write(bytes.TrimRight(content, "\n"))
		bundle.WriteByte('\n')
	}
	if bundle.Len() == 0 {
		return fmt.Errorf("package ca-certificates: got no certificate in /usr/share/ca-certificates/mozilla")
	}
	t.file("etc/ssl/certs/ca-certificates.crt", 0o644, bundle.Bytes())
	return nil
}

// freeHashLink returns HASH.0, or HASH with the next free number for a
// certificate of the same subject.
func freeHashLink(t tree, hash uint32) string {
	for n := 0; ; n++ {
		if link := fmt.Sprintf("etc/ssl/certs/%08x.%d", hash, n); t[link] == nil {
			return link
		}
	}
}

// subjectHash returns the hash of "openssl x509 -subject_hash" for a
// certificate in PEM: the first four bytes, little endian, of the SHA-1 of the
// subject's canonical encoding (OpenSSL, X509_NAME_hash_ex).
func subjectHash(certificate []byte) (uint32, error) {
	block, _ := pem.Decode(certificate)
	if block == nil {
		return 0, fmt.Errorf("got no PEM block, want one of type CERTIFICATE")
	}
	parsed, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		return 0, err
	}
	canonical, err := canonicalName(parsed.RawSubject)
	if err != nil {
		return 0, err
	}
	sum := sha1.Sum(canonical)
	return binary.LittleEndian.Uint32(sum[:4]), nil
}

// attribute is one part of a name, such as the organisation, with its encoded
// value.
type attribute struct {
	Type  asn1.ObjectIdentifier
	Value asn1.RawValue
}

// attributeSET encodes as an ASN.1 SET because of its name's suffix.
type attributeSET []attribute

// canonicalName returns the concatenated sets of a DER-encoded name, without
// the surrounding sequence, and with every text in canonical form.
func canonicalName(der []byte) ([]byte, error) {
	var sets []attributeSET
	if _, err := asn1.Unmarshal(der, &sets); err != nil {
		return nil, fmt.Errorf("reading the subject: %w", err)
	}
	var out []byte
	for _, set := range sets {
		for i := range set {
			value, err := canonicalValue(set[i].Value)
			if err != nil {
				return nil, fmt.Errorf("reading the subject: %w", err)
			}
			set[i].Value = value
		}
		encoded, err := asn1.Marshal(set)
		if err != nil {
			return nil, fmt.Errorf("encoding the subject: %w", err)
		}
		out = append(out, encoded...)
	}
	return out, nil
}

// canonicalValue turns a text into UTF-8 in lower case, without white space at
// the ends and with single spaces between. As in OpenSSL only ASCII letters
// change their case, and other types stay unchanged. Encodings with two or four
// bytes per letter, which no certificate in Debian has, are an error.
func canonicalValue(value asn1.RawValue) (asn1.RawValue, error) {
	text := string(value.Bytes)
	switch value.Tag {
	case asn1.TagUTF8String, asn1.TagPrintableString, asn1.TagIA5String, tagVisibleString:
	case asn1.TagT61String:
		text = fromLatin1(value.Bytes)
	case asn1.TagBMPString, tagUniversalString:
		return value, fmt.Errorf("got a string of ASN.1 type %d, want one of UTF-8, ASCII or Latin-1", value.Tag)
	default:
		return value, nil
	}
	text = strings.Join(strings.FieldsFunc(text, isASCIISpace), " ")
	return asn1.RawValue{Tag: asn1.TagUTF8String, Bytes: []byte(strings.Map(asciiLower, text))}, nil
}

// ASN.1 types that encoding/asn1 has no name for (X.680, table 8).
const (
	tagVisibleString   = 26
	tagUniversalString = 28
)

// fromLatin1 reads a T61String as OpenSSL does.
func fromLatin1(text []byte) string {
	runes := make([]rune, len(text))
	for i, b := range text {
		runes[i] = rune(b)
	}
	return string(runes)
}

func isASCIISpace(r rune) bool { return strings.ContainsRune(" \t\n\v\f\r", r) }

func asciiLower(r rune) rune {
	if 'A' <= r && r <= 'Z' {
		return r + 'a' - 'A'
	}
	return r
}
