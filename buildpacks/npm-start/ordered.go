package npmstart

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// object is a JSON object with its members in JavaScript's order: array indices
// first, by number, then other keys as in the text. For a duplicate key the first
// position and the last value count.
type object []member

// member is a member of an object. Its value is an object, a []any, a string, a
// json.Number, a bool or nil.
type member struct {
	key   string
	value any
}

// get returns the value of a key, or nil.
func (o object) get(key string) any {
	for _, m := range o {
		if m.key == key {
			return m.value
		}
	}
	return nil
}

// with returns the object with a value for a key.
func (o object) with(key string, value any) object {
	for i, m := range o {
		if m.key == key {
			o[i].value = value
			return o
		}
	}
	return append(o, member{key, value})
}

// without returns the object without a key.
func (o object) without(key string) object {
	return slices.DeleteFunc(o, func(m member) bool { return m.key == key })
}

// ordered sorts the members in JavaScript's order.
func (o object) ordered() object {
	slices.SortStableFunc(o, func(a, b member) int { return cmp.Compare(index(a.key), index(b.key)) })
	return o
}

// index returns the number of a key that is an array index, and a larger one for
// any other key.
func index(key string) uint64 {
	number, err := strconv.ParseUint(key, 10, 32)
	if err != nil || number == math.MaxUint32 || strconv.FormatUint(number, 10) != key {
		return math.MaxUint32
	}
	return number
}

// decodeObject decodes a JSON object.
func decodeObject(text []byte) (object, error) {
	if err := json.Unmarshal(text, new(json.RawMessage)); err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	value := decodeValue(decoder)
	fields, ok := value.(object)
	if !ok {
		return nil, fmt.Errorf("got %T, want an object", value)
	}
	return fields, nil
}

// decodeValue decodes the next value of a text that is valid, in which no token is an
// error.
func decodeValue(decoder *json.Decoder) any {
	token, _ := decoder.Token()
	switch token {
	case json.Delim('['):
		list := []any{}
		for decoder.More() {
			list = append(list, decodeValue(decoder))
		}
		decoder.Token() // the end
		return list
	case json.Delim('{'):
		members := object{}
		places := map[string]int{}
		for decoder.More() {
			key, _ := decoder.Token()
			value := decodeValue(decoder)
			name, _ := key.(string)
			if place, twice := places[name]; twice {
				members[place].value = value
				continue
			}
			places[name] = len(members)
			members = append(members, member{name, value})
		}
		decoder.Token() // the end
		return members.ordered()
	}
	return token
}

// shortExponent takes the zero out of an exponent of two digits.
var shortExponent = strings.NewReplacer("e-0", "e-", "e+0", "e+")

// inJavaScript formats a value that is neither an object nor a list as
// JavaScript's String does.
func inJavaScript(value any) string {
	number, ok := value.(json.Number)
	if !ok {
		return fmt.Sprint(value)
	}
	parsed, _ := strconv.ParseFloat(number.String(), 64) // infinite if out of range
	switch {
	case parsed == 0:
		return "0" // negative zero, too
	case parsed > math.MaxFloat64:
		return "Infinity"
	case parsed < -math.MaxFloat64:
		return "-Infinity"
	case math.Abs(parsed) >= 1e21 || math.Abs(parsed) < 1e-6:
		return shortExponent.Replace(strconv.FormatFloat(parsed, 'e', -1, 64))
	}
	return strconv.FormatFloat(parsed, 'f', -1, 64)
}
