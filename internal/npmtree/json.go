package npmtree

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
)

// object is a JSON object. Its keys keep their order, as in JavaScript.
type object struct {
	keys   []string
	values map[string]any // string, bool, json.Number, nil, []any or *object
	odd    string         // a key that JavaScript treats in a special way, if any
}

func newObject() *object { return &object{values: map[string]any{}} }

// set adds a value, or replaces it in its place.
func (o *object) set(key string, value any) {
	if _, has := o.values[key]; !has {
		o.keys = append(o.keys, key)
	}
	o.values[key] = value
}

// remove removes a value.
func (o *object) remove(key string) {
	if _, has := o.values[key]; !has {
		return
	}
	delete(o.values, key)
	kept := o.keys[:0:0]
	for _, k := range o.keys {
		if k != key {
			kept = append(kept, k)
		}
	}
	o.keys = kept
}

// clone returns a copy that shares the values.
func (o *object) clone() *object {
	c := newObject()
	for _, key := range o.keys {
		c.set(key, o.values[key])
	}
	c.odd = o.odd
	return c
}

// text returns a string, and "" for anything else.
func (o *object) text(key string) string {
	s, _ := o.values[key].(string)
	return s
}

// is reports whether a value is true for JavaScript.
func (o *object) is(key string) bool { return truthy(o.values[key]) }

// object returns an object, and an empty one for anything else.
func (o *object) object(key string) *object {
	if inner, ok := o.values[key].(*object); ok {
		return inner
	}
	return newObject()
}

// truthy reports whether JavaScript takes a value for true.
func truthy(value any) bool {
	switch v := value.(type) {
	case nil:
		return false
	case bool:
		return v
	case string:
		return v != ""
	case json.Number:
		f, err := v.Float64()
		return err != nil || f != 0
	}
	return true
}

// parseJSON decodes an object. It marks objects with keys that JavaScript moves
// (numbers) or treats in a special way (__proto__).
func parseJSON(text []byte) (*object, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	value, err := decodeValue(decoder)
	if err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is text after the object")
	}
	found, ok := value.(*object)
	if !ok {
		return nil, errors.New("it is not an object")
	}
	return found, nil
}

func decodeValue(decoder *json.Decoder) (any, error) {
	token, err := decoder.Token()
	if err != nil {
		return nil, err
	}
	opened, ok := token.(json.Delim)
	if !ok {
		return token, nil
	}
	if opened == '{' {
		return decodeObject(decoder)
	}
	list := []any{}
	for decoder.More() {
		value, err := decodeValue(decoder)
		if err != nil {
			return nil, err
		}
		list = append(list, value)
	}
	_, err = decoder.Token()
	return list, err
}

func decodeObject(decoder *json.Decoder) (*object, error) {
	o := newObject()
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		key, _ := token.(string)
		if key == "__proto__" || isIndex(key) {
			o.odd = key
		}
		value, err := decodeValue(decoder)
		if err != nil {
			return nil, err
		}
		o.set(key, value)
	}
	_, err := decoder.Token()
	return o, err
}

// isIndex reports whether JavaScript sorts a key before all others: a whole number.
func isIndex(key string) bool {
	return key == "0" || key != "" && key[0] != '0' && strings.Trim(key, "0123456789") == ""
}
