//go:build linux

package home

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/armature-cnb/armature/internal/failure"
)

// The default limits: items used within a month, up to this size, and everything
// used within the last hour.
const (
	defaultAge  = 30 * 24 * time.Hour
	defaultSize = 20e9
	spared      = time.Hour
)

// LimitVariable is the environment variable that replaces defaultSize, with a
// size or "none".
const LimitVariable = "ARMATURE_CACHE_LIMIT"

// Automatic returns the limits that every call applies.
func Automatic(getenv func(string) string) (Limits, error) {
	limits := Limits{Age: defaultAge, Size: defaultSize, Spare: spared}
	switch text := getenv(LimitVariable); text {
	case "":
	case "none":
		limits.Size = -1
	default:
		size, err := ParseSize(text)
		if err != nil {
			return limits, &failure.Failure{ID: "cache-limit-invalid", Cause: fmt.Sprintf("%s is %q", LimitVariable, text), Err: err, Remedy: "give it a size such as 20GB, or none."}
		}
		limits.Size = size
	}
	return limits, nil
}

// ParseSize parses a number of bytes: 500MB, 1.5GB, 2GiB, 1000.
func ParseSize(text string) (int64, error) {
	number, unit := split(text)
	factor, known := map[string]float64{
		"": 1, "b": 1, "kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12, "k": 1e3, "m": 1e6, "g": 1e9, "t": 1e12,
		"kib": 1 << 10, "mib": 1 << 20, "gib": 1 << 30, "tib": 1 << 40,
	}[strings.ToLower(unit)]
	value, err := strconv.ParseFloat(number, 64)
	if err != nil || !known || value < 0 || value*factor > math.MaxInt64/2 {
		return 0, fmt.Errorf("%q is no size, want one such as 20GB or 500MB", text)
	}
	return int64(value * factor), nil
}

// ParseAge parses a duration: 30d, 2w, 12h, and the formats of
// [time.ParseDuration].
func ParseAge(text string) (time.Duration, error) {
	number, unit := split(text)
	day, known := map[string]time.Duration{"d": 24 * time.Hour, "w": 7 * 24 * time.Hour}[unit]
	value, err := strconv.ParseFloat(number, 64)
	if known && err == nil && value >= 0 && value < 36500 {
		return time.Duration(value * float64(day)), nil
	}
	age, err := time.ParseDuration(text)
	if err != nil || age < 0 {
		return 0, fmt.Errorf("%q is no time, want one such as 30d, 2w or 12h", text)
	}
	return age, nil
}

// split separates a number from its unit.
func split(text string) (number, unit string) {
	text = strings.TrimSpace(text)
	at := strings.LastIndexAny(text, "0123456789.") + 1
	return text[:at], strings.TrimSpace(text[at:])
}
