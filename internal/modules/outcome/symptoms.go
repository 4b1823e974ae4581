package outcome

import (
	"regexp"
	"slices"
	"strings"

	"github.com/armature-cnb/armature/internal/failure"
	"github.com/armature-cnb/armature/internal/modules/native"
)

// A Symptom finds a cause in a script's output.
type Symptom struct {
	Words  *regexp.Regexp
	ID     string
	Cause  string
	Remedy string

	// Cut selects the part of the output to search; nil for all of it.
	Cut func(output string) string
	// Transient says that the same build may succeed later.
	Transient bool
}

// in returns the failure if the output has the symptom, or nil. The submatches of
// the pattern replace %s in the cause and the remedy.
func (s Symptom) in(output string) *failure.Failure {
	if s.Cut != nil {
		output = s.Cut(output)
	}
	all := s.Words.FindAllStringSubmatch(output, -1)
	if all == nil {
		return nil
	}
	match := ""
	for _, group := range all[len(all)-1][1:] {
		match += strings.Trim(group, `.,:;'"`)
	}
	return &failure.Failure{
		ID: s.ID, Cause: strings.ReplaceAll(s.Cause, "%s", match), Remedy: strings.ReplaceAll(s.Remedy, "%s", match), Transient: s.Transient,
	}
}

// Find returns the failure of the first matching symptom, with those of first
// before [Known]; nil if none matches.
func Find(output string, first ...Symptom) *failure.Failure {
	for _, known := range slices.Concat(first, Known) {
		if found := known.in(output); found != nil {
			return found
		}
	}
	return nil
}

// Memory is the symptom of a program that ran out of memory.
var Memory = Symptom{
	Words:  regexp.MustCompile(`JavaScript heap out of memory|Cannot allocate memory|ENOMEM`),
	ID:     "out-of-memory",
	Cause:  "there was not enough memory",
	Remedy: "give the build more memory, or Node.js a larger heap with NODE_OPTIONS=--max-old-space-size=MIB.",
}

// Known are the symptoms of programs that packages call when they are installed or
// built, for any package manager.
var Known = []Symptom{
	{
		Words:  regexp.MustCompile(`not found: make|make: not found|g\+\+: not found|make: (?:cc|g\+\+): No such file|make: [\w-]*g?(?:cc|\+\+): No such file or directory`),
		ID:     "compiler-missing",
		Cause:  "node-gyp finds no compiler or no make",
		Remedy: "use a build image with make, gcc and g++, or a version of the package that comes with binaries for the target.",
	},
	{
		// The kernel's error, as shells and Node.js print it; the last is from
		// qemu, if the host has it and the target's dynamic loader is missing.
		Words:  regexp.MustCompile(`[Ee]xec format error|cannot execute binary file|\bENOEXEC\b|\bqemu-(?:aarch64|x86_64)(?:-static)?: `),
		ID:     "target-program-executed",
		Cause:  "it runs a program that is not for the machine that builds",
		Remedy: native.Uncrossable,
	},
	{
		Words:  regexp.MustCompile(`ERR_OSSL_EVP_UNSUPPORTED|digital envelope routines::unsupported`),
		ID:     "legacy-hash",
		Cause:  "it hashes with MD4, as webpack 4 does, which Node.js has only with an option since 17",
		Remedy: "build with --env NODE_OPTIONS=--openssl-legacy-provider, or take a newer version of the tool: webpack 5.61, react-scripts 5, @vue/cli-service 5.",
	},
	Memory,
	{
		Words:  regexp.MustCompile(`[Nn]o space left on device`), // ENOSPC alone may be the limit of watched files
		ID:     "disk-full",
		Cause:  "the disk is full",
		Remedy: "free some space where the build runs: `docker system df` shows what takes it there, `docker system prune` frees it.",
	},
	unreachable, unnamed,
}
